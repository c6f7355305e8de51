import { setTimeout as pause } from "node:timers/promises";
import type { Daphnia } from "@daphnia/client";

export const megabyte = 1024 * 1024;

/** Asks a daemon for its resident size again and again. */
export interface Residence extends AsyncDisposable {
  /** Bytes of the largest answer so far. */
  peak(): number;
  /** Milliseconds that `GetInfo` took in the middle, and at most. */
  answers(): { readonly median: number; readonly longest: number };
  stop(): Promise<void>;
}

/** Resident bytes of the daemon now. */
export async function residentBytes(client: Daphnia): Promise<number> {
  return Number((await client.daemon.getInfo({})).residentBytes);
}

/** Starts to look at the daemon's size, every few milliseconds until it is stopped. */
export function watchResidence(client: Daphnia, everyMs = 20): Residence {
  const times: number[] = [];
  let peak = 0;
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      const began = performance.now();
      peak = Math.max(peak, await residentBytes(client));
      times.push(performance.now() - began);
      await pause(everyMs);
    }
  })();
  const stop = async () => {
    isOver = true;
    await looking;
  };
  return {
    peak: () => peak,
    answers() {
      const sorted = times.toSorted((a, b) => a - b);
      return { median: quantile(sorted, 0.5), longest: sorted.at(-1) ?? 0 };
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Of numbers in order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Asks until the answer fits; fails with the last one after `limitMs`. */
export async function eventually<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  limitMs: number,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (performance.now() > end) throw new Error(`after ${limitMs} ms it is still ${answer}`);
    await pause(20);
  }
}
