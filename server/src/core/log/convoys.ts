import type { Clock } from "../../base/clock.ts";
import { type Convoy, createConvoy, type Tell } from "./convoy.ts";
import {
  createFollower,
  type Follower,
  type FollowOptions,
  type FollowPlace,
  isBatch,
} from "./follower.ts";
import type { Log } from "./log.ts";

/** Follows the log for many readers at once. */
export interface Convoys {
  /**
   * As `follow` does, but each batch is handed to `tell`. Resolves only where
   * `untilCaughtUp` ends it; rejects with the signal's reason.
   */
  follow(options: FollowOptions, tell: Tell, signal: AbortSignal): Promise<void>;
}

/** A reader catches up alone, then travels with all who want the same, until it is too slow. */
export function createConvoys(deps: { readonly log: Log; readonly clock: Clock }): Convoys {
  const convoys = new Map<string, Convoy>();

  function convoyAt(name: string, options: FollowOptions, place: FollowPlace): Convoy {
    const found = convoys.get(name);
    if (found !== undefined) return found;
    const convoy = createConvoy({ ...options, drafts: new Map() }, place, deps, () =>
      convoys.delete(name),
    );
    convoys.set(name, convoy);
    return convoy;
  }

  /** Joins the convoy where it is in the same place; else waits until that may be. */
  async function board(
    { options, tell, signal }: Reader,
    name: string,
    follower: Follower,
  ): Promise<Ride | undefined> {
    signal.throwIfAborted(); // who left while it looked does not join
    if (!follower.isCaughtUp()) {
      await follower.rest();
      return undefined;
    }
    const convoy = convoyAt(name, options, follower.place());
    if (convoy.isCaughtUp()) return { over: convoy.join(tell, signal) };
    await convoy.atRest(signal);
    return undefined;
  }

  /** Tells everything, and joins; undefined where that is all. */
  async function catchUp(
    reader: Reader,
    name: string,
    from: FollowPlace | undefined,
  ): Promise<Ride | undefined> {
    const { options, tell, signal } = reader;
    const follower = createFollower(options, deps, signal, from);
    try {
      for (;;) {
        signal.throwIfAborted();
        const found = await follower.next();
        if (isBatch(found)) await tell(found);
        if (found !== undefined) continue;
        if (options.untilCaughtUp) return undefined;
        const ride = await board(reader, name, follower);
        if (ride !== undefined) return ride;
      }
    } finally {
      follower.close();
    }
  }

  return {
    async follow(options, tell, signal) {
      const reader = { options, tell, signal };
      const name = nameOf(options);
      let ride = await catchUp(reader, name, undefined);
      while (ride !== undefined) ride = await catchUp(reader, name, await ride.over);
    },
  };
}

interface Reader {
  readonly options: FollowOptions;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

interface Ride {
  /** Resolves with its place when the reader had to leave the convoy. */
  readonly over: Promise<FollowPlace>;
}

/** Equal for those who are told the same, once they were told everything. */
function nameOf({ selection, minFrame, heartbeat, maxBatchBytes }: FollowOptions): string {
  const { labels, kinds, ...others } = selection;
  const sets = [Object.entries(labels).sort(), kinds && [...kinds].sort((a, b) => a - b)];
  return JSON.stringify([others, sets, minFrame, heartbeat, maxBatchBytes]);
}
