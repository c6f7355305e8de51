import { type Bells, createBells } from "../../base/bells.ts";
import type { Clock } from "../../base/clock.ts";
import type { BlobStore } from "./blob-store.ts";
import { createDraft, type Draft, type Shown } from "./draft.ts";
import { createEntry, type Entry } from "./entry.ts";
import type { Append, Context, DraftName, EventStore, StoredEvent } from "./event-store.ts";
import { createOutput, type Output, type OutputName } from "./output.ts";
import { createTail, type Tail } from "./tail.ts";

/**
 * The daemon's whole log: what is committed, and what is being written.
 *
 * G1: an event is in the tail, its drafts are closed and its bells rung before
 * its writer hears that it is committed.
 */
export interface Log {
  readonly id: string;
  readonly store: EventStore;
  readonly tail: Tail;
  readonly bells: Bells;
  /** The last position that may be shown. */
  head(): number;
  append(batch: Append): Promise<void>;
  /** Opens a draft; the event that settles it closes it. */
  openDraft(name: DraftName, context: Context): Draft;
  /** Opens what a call prints; the event that settles the call's id closes it. */
  openOutput(name: OutputName, context: Context): Output;
  /** Drafts and outputs being written now. */
  drafts(): Iterable<Shown>;
  deleteSession(sessionId: string, announcement: Append): Promise<void>;
}

/** Keys of the bells that ring for a session, or for all. */
export const eventBell = (sessionId = "*") => `event ${sessionId}`;
export const deltaBell = (sessionId = "*") => `delta ${sessionId}`;

export function createLog(deps: {
  store: EventStore;
  /** Where outputs go; absent where nothing prints. */
  blobs: BlobStore;
  clock: Clock;
  tailBytes: number;
  draftTailBytes: number;
}): Log {
  const { store, blobs, clock } = deps;
  const bells = createBells(clock);
  const tail = createTail(store.head(), deps.tailBytes);
  const drafts = new Map<string, Shown>();
  /** Drafts to close with an event, by its session and seq. */
  const closing = new Map<string, readonly string[]>();

  store.onCommit((events) => {
    for (const { sessionId, seq } of events) {
      for (const draftId of closing.get(`${sessionId} ${seq}`) ?? []) drafts.delete(draftId);
    }
    tail.push(events.map((event) => createEntry(event, store.logId)));
    for (const sessionId of new Set(events.map((event) => event.sessionId))) {
      bells.ring(eventBell(sessionId));
    }
    bells.ring(eventBell());
  });

  const parts = (sessionId: string) => ({
    store,
    clock,
    tailBytes: deps.draftTailBytes,
    onShown() {
      bells.ring(deltaBell(sessionId));
      bells.ring(deltaBell());
    },
  });

  /** Forgets outputs whose event is visible. It never rejects: the sweep has what stays behind. */
  async function dropOutputs(draftIds: readonly string[]): Promise<void> {
    await Promise.allSettled(draftIds.map((draftId) => blobs.dropOutput(draftId)));
  }

  return {
    id: store.logId,
    store,
    tail,
    bells,
    head: () => store.head(),
    async append(batch) {
      const settles = batch.settles ?? [];
      if (settles.length === 0) return store.append(batch);
      await Promise.all(settles.map((draftId) => drafts.get(draftId)?.flushed()));
      const place = `${batch.sessionId} ${batch.events.at(-1)?.seq}`;
      // Not open as a message: an output, or what a dead daemon left of one.
      const outputs = settles.filter((draftId) => {
        const draft = drafts.get(draftId);
        return draft === undefined || draft.outputStart !== undefined;
      });
      closing.set(place, settles);
      try {
        await store.append(batch);
      } finally {
        closing.delete(place);
      }
      await dropOutputs(outputs);
    },
    openDraft(name, context) {
      const draft = createDraft(name, context, parts(name.sessionId));
      drafts.set(name.draftId, draft);
      return draft;
    },
    openOutput(name, context) {
      const output = createOutput(name, context, { ...parts(name.sessionId), blobs });
      drafts.set(name.draftId, output);
      return output;
    },
    drafts: () => drafts.values(),
    async deleteSession(sessionId, announcement) {
      await store.deleteSession(sessionId, announcement);
      tail.drop(sessionId);
      const gone = [...drafts.values()].filter((draft) => draft.sessionId === sessionId);
      for (const { draftId } of gone) drafts.delete(draftId);
      await dropOutputs(gone.filter((draft) => draft.outputStart).map(({ draftId }) => draftId));
      bells.ring(eventBell(sessionId));
    },
  };
}

/** An event as readers share it. */
export function toEntry(log: Log, stored: StoredEvent): Entry {
  return createEntry(stored, log.id);
}
