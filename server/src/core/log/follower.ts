import type { Delta } from "@daphnia/protocol/event";
import type { Ear } from "../../base/bells.ts";
import type { Clock } from "../../base/clock.ts";
import { DaemonError } from "../../base/errors.ts";
import { deltaBytes } from "./deltas.ts";
import { createDraftReader, type DraftPlaces, type FoundDeltas } from "./draft-reader.ts";
import type { Entry } from "./entry.ts";
import { deltaBell, eventBell, type Log } from "./log.ts";
import { createReader, type Page } from "./reader.ts";
import type { Selection } from "./selection.ts";

/** What a follower is told at once. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly deltas: readonly Delta[];
  /** True once: from here it is live. */
  readonly synced: boolean;
  /** Where to resume from. */
  readonly position: number;
}

export interface FollowOptions {
  readonly selection: Selection;
  /** Start behind this position. */
  readonly after: number;
  /** Bytes that the reader holds of open drafts. */
  readonly drafts: ReadonlyMap<string, number>;
  /** Milliseconds between batches that hold only deltas. */
  readonly minFrame: number;
  /** Milliseconds without news after which an empty batch says where it is. */
  readonly heartbeat: number;
  readonly maxBatchBytes: number;
  /** Ends at the head of the moment it began. */
  readonly untilCaughtUp: boolean;
}

/** What a follower was told. */
export interface FollowPlace {
  readonly position: number;
  readonly drafts: DraftPlaces;
  /** When deltas were told last, by the monotonic clock. */
  readonly lastDeltas: number;
}

/** A batch; nothing to tell though something passed; or nothing. */
export type Found = Batch | "look again" | undefined;

export function isBatch(found: Found): found is Batch {
  return typeof found === "object";
}

export interface Follower {
  /** What is to be told next; undefined where there is nothing, and then it may rest. */
  next(): Found | Promise<Found>;
  /** True when it looked, was told all that there is for it, and there was no ring since. */
  isCaughtUp(): boolean;
  place(): FollowPlace;
  /** Waits for news, or until a heartbeat is due. */
  rest(): Promise<void>;
  close(): void;
}

/**
 * One follower's place, and how it looks for what is behind it. What lies in memory
 * it finds without a wait. `from` is where one that was told everything left off.
 */
export function createFollower(
  options: FollowOptions,
  { log, clock }: { log: Log; clock: Clock },
  signal: AbortSignal,
  from?: FollowPlace,
): Follower {
  const { selection, heartbeat, minFrame, untilCaughtUp } = options;
  const read = createReader(log, selection, options.maxBatchBytes);
  const drafts = createDraftReader(log, selection, options.drafts, from?.drafts);
  const { events, news } = listenFor(options, log, signal);
  const end = log.head();
  let position = from?.position ?? options.after;
  let isSynced = from !== undefined;
  let lastDeltas = from?.lastDeltas ?? Number.NEGATIVE_INFINITY;
  let lastBatch = clock.monotonic();

  /** Milliseconds until deltas may be told again. */
  const frameLeft = () => (minFrame === 0 ? 0 : lastDeltas + minFrame - clock.monotonic());
  const quietLeft = () => lastBatch + heartbeat - clock.monotonic();
  const batch = (
    entries: readonly Entry[],
    deltas: readonly Delta[] = [],
    synced = false,
  ): Batch => {
    lastBatch = clock.monotonic();
    return { entries, deltas, synced, position };
  };

  function tellPage({ entries, reached }: Page): Found {
    position = reached;
    return entries.length > 0 ? batch(entries) : "look again";
  }

  function tellDeltas(found: FoundDeltas | undefined): Found {
    const isBehind = log.head() > position;
    // While it read, an event may have settled a draft: that event comes first.
    if (isBehind && !untilCaughtUp) return "look again";
    const deltas = isBehind ? [] : (found?.deltas ?? []);
    const synced = !isSynced;
    if (deltas.length === 0 && !synced) return undefined;
    isSynced = true;
    found?.told();
    if (deltas.length > 0) lastDeltas = clock.monotonic();
    return batch([], deltas, synced);
  }

  function look(): Found | Promise<Found> {
    const head = untilCaughtUp ? end : log.head();
    if (position < head) {
      const page = read(position, head);
      return page instanceof Promise ? page.then(tellPage) : tellPage(page);
    }
    const isDue = drafts.hasMore() && frameLeft() <= 0;
    return isDue
      ? drafts.read(Math.min(2 * deltaBytes, options.maxBatchBytes)).then(tellDeltas)
      : tellDeltas(undefined);
  }

  /** After a long stretch of which nothing was wanted, too: the reader learns where it is. */
  const orHeartbeat = (found: Found): Found =>
    isBatch(found) || quietLeft() > 0 ? found : batch([]);

  return {
    next() {
      news.clear();
      if (events !== news) events.clear();
      const found = look();
      return found instanceof Promise ? found.then(orHeartbeat) : orHeartbeat(found);
    },
    isCaughtUp: () => isSynced && !news.rung && !drafts.hasMore(),
    place: () => ({ position, drafts: drafts.places(), lastDeltas }),
    async rest() {
      if (selection.sessions.length > 0) await refuseDeleted(log, selection);
      const quiet = Math.max(0, quietLeft());
      const frame = frameLeft();
      await (frame > 0 ? events.wait(Math.min(quiet, frame)) : news.wait(quiet));
    },
    close() {
      news.close();
      if (events !== news) events.close();
    },
  };
}

/** An ear for whatever there is to tell, and one for events alone, where deltas have to wait. */
function listenFor(
  { selection, minFrame }: FollowOptions,
  { bells }: Log,
  signal: AbortSignal,
): { readonly events: Ear; readonly news: Ear } {
  const keys = selection.sessions.length === 0 ? ["*"] : selection.sessions;
  const eventKeys = keys.map((key) => eventBell(key));
  const deltaKeys = selection.deltas ? keys.map((key) => deltaBell(key)) : [];
  const news = bells.listen([...eventKeys, ...deltaKeys], signal);
  const isLimited = minFrame > 0 && selection.deltas;
  return { news, events: isLimited ? bells.listen(eventKeys, signal) : news };
}

/** Ends a watch whose sessions are all gone. */
async function refuseDeleted(log: Log, selection: Selection): Promise<void> {
  if (selection.sessions.length === 0) return;
  for (const sessionId of selection.sessions) {
    if ((await log.store.sessionState(sessionId)) !== "deleted") return;
  }
  throw new DaemonError("failed_precondition", "the session was deleted", {
    reason: "SESSION_DELETED",
    metadata: { session: selection.sessions.join(",") },
  });
}
