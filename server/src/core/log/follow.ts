import type { Delta } from "@daphnia/protocol/event";
import type { Clock } from "../../base/clock.ts";
import { DaemonError } from "../../base/errors.ts";
import { deltaBytes } from "./deltas.ts";
import { createDraftReader } from "./draft-reader.ts";
import type { Entry } from "./entry.ts";
import { deltaBell, eventBell, type Log } from "./log.ts";
import { createReader } from "./reader.ts";
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

/**
 * Replays the log behind a position, then follows it.
 *
 * F1: a follower is a position and one offset for each open draft; nothing is
 * queued for it, and the next batch is made when it asks.
 * F2: events come in order, each once; deltas only of drafts that no told event
 * has settled.
 * F3: it looks after it began to listen, so nothing falls in between.
 */
export async function* follow(
  options: FollowOptions,
  deps: { log: Log; clock: Clock },
  signal: AbortSignal,
): AsyncGenerator<Batch> {
  const follower = createFollower(options, deps);
  try {
    for (;;) {
      signal.throwIfAborted();
      follower.listen();
      const found = (await follower.nextEvents()) ?? (await follower.nextDeltas());
      if (found === undefined && options.untilCaughtUp) return;
      if (found === undefined) await follower.rest(signal);
      // Due after a long stretch of which nothing was wanted, too: the reader learns where it is.
      if (isBatch(found)) yield found;
      else if (follower.isQuiet()) yield follower.heartbeat();
    }
  } finally {
    follower.close();
  }
}

function isBatch(found: Batch | "look again" | undefined): found is Batch {
  return typeof found === "object";
}

/** One follower's place, and how it looks for what is behind it. */
function createFollower(options: FollowOptions, { log, clock }: { log: Log; clock: Clock }) {
  const { selection, heartbeat, minFrame, untilCaughtUp } = options;
  const read = createReader(log, selection, options.maxBatchBytes);
  const drafts = createDraftReader(log, selection, options.drafts);
  const keys = selection.sessions.length === 0 ? ["*"] : selection.sessions;
  const news = log.bells.listen(keys.flatMap((key) => [eventBell(key), deltaBell(key)]));
  const events = log.bells.listen(keys.map((key) => eventBell(key)));
  const end = log.head();
  let position = options.after;
  let isSynced = false;
  let lastDeltas = Number.NEGATIVE_INFINITY;
  let lastBatch = clock.monotonic();

  /** Milliseconds until deltas may be told again. */
  const frameLeft = () => lastDeltas + minFrame - clock.monotonic();
  const quietLeft = () => lastBatch + heartbeat - clock.monotonic();
  const batch = (told: Partial<Batch>): Batch => {
    lastBatch = clock.monotonic();
    return { entries: [], deltas: [], synced: false, ...told, position };
  };

  return {
    listen() {
      news.clear();
      events.clear();
    },
    async nextEvents(): Promise<Batch | "look again" | undefined> {
      const head = untilCaughtUp ? end : log.head();
      if (position >= head) return undefined;
      const { entries, reached } = await read(position, head);
      position = reached;
      return entries.length > 0 ? batch({ entries }) : "look again";
    },
    async nextDeltas(): Promise<Batch | "look again" | undefined> {
      const found = frameLeft() > 0 ? undefined : await drafts.read(2 * deltaBytes);
      const isBehind = log.head() > position;
      // While it read, an event may have settled a draft: that event comes first.
      if (isBehind && !untilCaughtUp) return "look again";
      const deltas = isBehind ? [] : (found?.deltas ?? []);
      const synced = !isSynced;
      if (deltas.length === 0 && !synced) return undefined;
      isSynced = true;
      found?.told();
      if (deltas.length > 0) lastDeltas = clock.monotonic();
      return batch({ deltas, synced });
    },
    /** True when there was nothing to tell for so long that a heartbeat is due. */
    isQuiet: () => quietLeft() <= 0,
    /** Waits for news, or until a heartbeat is due. */
    async rest(signal: AbortSignal): Promise<void> {
      await refuseDeleted(log, selection);
      const quiet = Math.max(0, quietLeft());
      const frame = frameLeft();
      await (frame > 0 ? events.wait(Math.min(quiet, frame), signal) : news.wait(quiet, signal));
    },
    heartbeat: () => batch({}),
    close() {
      news.close();
      events.close();
    },
  };
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
