import type { Daphnia } from "@daphnia/client";
import type { Delta, Event } from "@daphnia/protocol/event";
import { createDrafts } from "../live/drafts.ts";
import type { Feed } from "../live/feed.ts";
import { createEventPages } from "./event-pages.ts";

/**
 * The events of one session by their seq, as few as are looked at: pages are read when they
 * are wanted, and forgotten when others are. What happens is added at the end.
 */
export interface SessionLog {
  readonly sessionId: string;
  /** Seq of the last event; 0 until it is known. */
  head(): number;
  /** Why the session cannot be read; undefined while it can. */
  problem(): unknown;
  /** An event that is held; asks for it where it is not. */
  event(seq: number): Event | undefined;
  /** All of a range, both ends included; undefined, and asked for, while some are missing. */
  range(from: number, to: number): readonly Event[] | undefined;
  /** Deltas of what is being written now. */
  drafts(): readonly Delta[];
  /** Told after every change. */
  subscribe(listener: () => void): () => void;
  /** Grows with every change. */
  version(): number;
  /** Told of each delta, in order and after the events before it. */
  onDeltas(listener: (deltas: readonly Delta[]) => void): () => void;
  close(): void;
}

export function openSessionLog(
  sessionId: string,
  { client, feed }: { readonly client: Daphnia; readonly feed: Feed },
): SessionLog {
  const drafts = createDrafts();
  const listeners = new Set<() => void>();
  const deltaListeners = new Set<(deltas: readonly Delta[]) => void>();
  const pages = createEventPages(readPage, changed);
  let head = 0;
  let version = 0;
  let problem: unknown;
  const ended = new AbortController();

  function changed(): void {
    version++;
    for (const listener of listeners) listener();
  }

  async function readPage(from: number, count: number): Promise<readonly Event[]> {
    const events: Event[] = [];
    const selector = { sessions: [sessionId] };
    const after = { seq: BigInt(from - 1) };
    const options = { selector, after, noDeltas: true, untilCaughtUp: true };
    for await (const response of client.watch({ ...options, signal: ended.signal })) {
      events.push(...response.events);
      if (events.length >= count) break;
    }
    return events.slice(0, count);
  }

  /** Where the session ends now: after the first look, and whenever something may be missing. */
  async function findHead(): Promise<void> {
    try {
      const { session } = await client.sessions.getSession({ sessionId });
      head = Math.max(head, Number(session?.lastSeq ?? 0n));
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    changed();
  }

  function add(event: Event): boolean {
    const seq = Number(event.seq);
    drafts.settle(event);
    if (event.sessionId !== sessionId || seq <= head) return false;
    pages.append(event);
    head = seq;
    return true;
  }

  const leave = [
    feed.onTold(({ events, deltas }) => {
      const isNews = events.filter(add).length > 0;
      const own = deltas.filter((delta) => delta.sessionId === sessionId);
      for (const delta of own) drafts.add(delta);
      if (isNews) changed();
      if (own.length > 0) for (const listener of deltaListeners) listener(own);
    }),
    feed.onState(({ kind }) => {
      if (kind === "live") void findHead(); // it says itself what went wrong
    }),
    feed.follow(sessionId),
  ];
  void findHead();

  return {
    sessionId,
    head: () => head,
    problem: () => problem ?? pages.problem(),
    event: (seq) => pages.event(seq),
    range(from, to) {
      const found: Event[] = [];
      let isWhole = true;
      for (let seq = from; seq <= to; seq++) {
        const event = pages.event(seq);
        if (event === undefined) isWhole = false;
        else found.push(event);
      }
      return isWhole ? found : undefined;
    },
    drafts: () => drafts.of(sessionId),
    subscribe: (listener) => joined(listeners, listener),
    version: () => version,
    onDeltas: (listener) => joined(deltaListeners, listener),
    close() {
      ended.abort();
      for (const stop of leave) stop();
    },
  };
}

function joined<T>(set: Set<T>, one: T): () => void {
  set.add(one);
  return () => set.delete(one);
}
