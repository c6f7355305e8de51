import { it } from "node:test";
import type { BlobStore } from "../blob-store.ts";
import type { Append, EventStore, StoredEvent } from "../event-store.ts";
import type { RecordStore } from "../record-store.ts";

/** An empty store to try, and how to leave nothing of it. */
export interface OpenedStore {
  readonly events: EventStore;
  readonly records: RecordStore;
  readonly blobs: BlobStore;
  end(): Promise<void>;
}

export type OpenStore = (now: () => number) => Promise<OpenedStore>;

/** What one case of a suite is given. */
export interface Case extends Omit<OpenedStore, "end"> {
  /** Lets hours pass for the store. */
  later(hours: number): void;
}

/** `it`, with a store of its own for each case. */
export function itWith(open: OpenStore) {
  return (name: string, run: (given: Case) => Promise<void>) => {
    it(name, async () => {
      let passed = 0;
      const { end, ...opened } = await open(() => Date.now() + passed);
      const later = (hours: number) => {
        passed += hours * 60 * 60 * 1000;
      };
      try {
        await run({ ...opened, later });
      } finally {
        await end();
      }
    });
  };
}

const encoder = new TextEncoder();

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The next events of a session, whose bytes say who they are: `a/1`. */
export function appendOf(
  sessionId: string,
  expectedSeq: number,
  count = 1,
  more: Partial<Append> = {},
): Append {
  const events = Array.from({ length: count }, (_, i) => {
    const seq = expectedSeq + i + 1;
    return { seq, kind: 140, time: 1000 + seq, bytes: bytesOf(`${sessionId}/${seq}`) };
  });
  return { sessionId, expectedSeq, events, context: { agent: "coder", labels: {} }, ...more };
}

/** An event as `position session/seq`; throws where it is not what `appendOf` made. */
export function nameOf({ position, sessionId, seq, bytes }: StoredEvent): string {
  const name = new TextDecoder().decode(bytes);
  if (name !== `${sessionId}/${seq}`) throw new Error(`${sessionId}/${seq} holds "${name}"`);
  return `${position} ${name}`;
}

/** Everything that a store shows, by turning all pages. */
export async function readAll(
  store: EventStore,
  after = 0,
  sessions?: readonly string[],
): Promise<string[]> {
  const names: string[] = [];
  const head = store.head();
  for (let at = after; at < head; ) {
    const page = await store.readLog(at, head, sessions);
    if (page.reached <= at) throw new Error(`a page behind ${at} reaches only ${page.reached}`);
    names.push(...page.events.map(nameOf));
    at = page.reached;
  }
  return names;
}

export async function readWholeSession(store: EventStore, sessionId: string): Promise<string[]> {
  const events = await store.readSession(sessionId, 0, 1000);
  return events.map(nameOf);
}
