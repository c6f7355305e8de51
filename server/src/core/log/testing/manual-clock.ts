import type { Clock } from "../../../base/clock.ts";
import type { MintId } from "../../../base/ids.ts";

/** A clock that stands still until it is turned by hand. */
export interface ManualClock extends Clock {
  /** Lets time pass; calls back whatever becomes due on the way, in order. */
  advance(ms: number): void;
  /** How many calls wait: none, when nothing was left behind. */
  waiting(): number;
}

export function createManualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let passed = 0;
  let waits: { readonly due: number; readonly call: () => void }[] = [];

  function next(until: number) {
    const due = waits.filter((wait) => wait.due <= until);
    return due.sort((a, b) => a.due - b.due)[0];
  }

  return {
    now: () => new Date(start + passed),
    monotonic: () => passed,
    after(ms, call) {
      const wait = { due: passed + Math.max(0, ms), call };
      waits.push(wait);
      return () => {
        waits = waits.filter((other) => other !== wait);
      };
    },
    advance(ms) {
      const end = passed + ms;
      for (let wait = next(end); wait !== undefined; wait = next(end)) {
        const { due, call } = wait;
        waits = waits.filter((other) => other !== wait);
        passed = Math.max(passed, due);
        call();
      }
      passed = end;
    },
    waiting: () => waits.length,
  };
}

/** Mints `turn-1`, `turn-2`, `call-3` …: the same in every run. */
export function createCounter(): MintId {
  let count = 0;
  return (prefix) => `${prefix}-${++count}`;
}
