import { type Clock, pause } from "../../base/clock.ts";
import {
  type Batch,
  createFollower,
  type FollowOptions,
  type FollowPlace,
  isBatch,
} from "./follower.ts";
import type { Log } from "./log.ts";

/** Takes a batch. Undefined: it can take more at once; else resolves when it can. */
export type Tell = (batch: Batch) => Promise<void> | undefined;

/**
 * Readers who want the same and were told everything: what there is to tell is
 * found once, and told to each.
 *
 * C1: who joins is in the convoy's place: it misses nothing and hears nothing twice.
 * C2: who cannot take more is left behind; nobody waits for it.
 * C3: a reader without news is an entry in a set: no timer, no ear, no buffer.
 * C4: telling a large crowd takes at most a fifth of the time, and what is committed
 *     meanwhile is told as one. What comes after a pause is told at once.
 */
export interface Convoy {
  /** True when there is nothing to tell: whoever was told everything may join, in the same breath. */
  isCaughtUp(): boolean;
  /**
   * Travels along. Resolves with its place when the reader was left behind and can take
   * more again; rejects with the signal's reason, or with what the convoy failed of.
   */
  join(tell: Tell, signal: AbortSignal): Promise<FollowPlace>;
  /** Resolves when the convoy has nothing to tell next, or the signal aborts. */
  atRest(signal: AbortSignal): Promise<void>;
}

interface Traveller {
  readonly tell: Tell;
  readonly signal: AbortSignal;
  leave(place: FollowPlace): void;
  fail(error: unknown): void;
}

/** Fewer are told so fast that what looks long is somebody else's use of the processor. */
const largeCrowd = 100;
/** Telling is followed by so many times as long without: its bytes have to be sent, too. */
const restShare = 4;
/** Milliseconds that news may wait for more, however large the crowd is. */
const longestPause = 20;

/** Starts at the first who joins, and ends with the last who leaves. */
export function createConvoy(
  options: FollowOptions,
  from: FollowPlace,
  deps: { readonly log: Log; readonly clock: Clock },
  onEnd: () => void,
): Convoy {
  const { clock } = deps;
  const end = new AbortController();
  const follower = createFollower(options, deps, end.signal, from);
  const travellers = new Set<Traveller>();
  const waiting = new Set<() => void>();
  let isResting = true;
  let isStarted = false;
  let nextAt = Number.NEGATIVE_INFINITY;

  function tellAll(batch: Batch): void {
    const isLarge = travellers.size >= largeCrowd;
    const began = clock.monotonic();
    const place = follower.place();
    for (const traveller of travellers) {
      const taken = tellOne(traveller, batch);
      if (taken === undefined) continue;
      travellers.delete(traveller);
      taken.then(() => comeBack(traveller, place), traveller.fail);
    }
    if (!isLarge) return;
    const told = clock.monotonic();
    nextAt = told + Math.min(restShare * (told - began), longestPause);
  }

  /** Who is not too late travels on. */
  function comeBack(traveller: Traveller, place: FollowPlace): void {
    if (traveller.signal.aborted) return; // it left for good while it could take nothing
    const { position, drafts } = follower.place();
    const isHere = place.position === position && place.drafts === drafts;
    if (isHere && isCaughtUp()) travellers.add(traveller);
    else traveller.leave(place);
  }

  function isCaughtUp(): boolean {
    return isResting && !end.signal.aborted && follower.isCaughtUp();
  }

  function wakeWaiting(): void {
    for (const wake of waiting) wake();
  }

  async function travel(): Promise<void> {
    while (travellers.size > 0) {
      isResting = false;
      const found = await follower.next();
      if (travellers.size === 0) return; // the last left while it looked
      if (isBatch(found)) tellAll(found);
      else if (found === undefined) {
        isResting = true;
        wakeWaiting();
        await follower.rest();
        const left = nextAt - clock.monotonic();
        if (left >= 1) await pause(clock, left, end.signal); // a timer cannot wait for less
      }
    }
  }

  function start(): void {
    travel()
      .catch((error: unknown) => {
        close(); // first, so that nobody comes back to it
        for (const traveller of travellers) traveller.fail(error);
      })
      .finally(close);
  }

  function close(): void {
    if (end.signal.aborted) return;
    end.abort();
    follower.close();
    onEnd();
    wakeWaiting();
  }

  return {
    isCaughtUp,
    join(tell, signal) {
      return new Promise((resolve, reject) => {
        const done = () => {
          signal.removeEventListener("abort", abort);
          travellers.delete(traveller);
          if (travellers.size === 0 && isResting) close();
        };
        const abort = () => traveller.fail(signal.reason);
        const traveller: Traveller = {
          tell,
          signal,
          leave(place) {
            done();
            resolve(place);
          },
          fail(error) {
            done();
            reject(error);
          },
        };
        signal.addEventListener("abort", abort);
        travellers.add(traveller);
        if (isStarted) return;
        isStarted = true;
        start();
      });
    },
    atRest(signal) {
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
  };
}

/** What one of them fails of is no trouble of the others. */
function tellOne({ tell }: Traveller, batch: Batch): Promise<void> | undefined {
  try {
    return tell(batch);
  } catch (error) {
    return Promise.reject(error);
  }
}
