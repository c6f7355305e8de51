import type { Clock } from "../../base/clock.ts";
import { type Batch, createFollower, type FollowOptions, isBatch } from "./follower.ts";
import type { Log } from "./log.ts";

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
  const follower = createFollower(options, deps, signal);
  try {
    for (;;) {
      signal.throwIfAborted();
      const found = await follower.next();
      if (isBatch(found)) yield found;
      else if (found === undefined) {
        if (options.untilCaughtUp) return;
        await follower.rest();
      }
    }
  } finally {
    follower.close();
  }
}
