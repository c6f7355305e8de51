import { toMicroseconds } from "./event-words.ts";
import type { TimeSpent } from "./trace-spans.ts";

/** Sums up what a turn's time goes by with. Times are milliseconds, and only grow. */
export interface TimeMeter {
  /** From now on it goes by with this. */
  enter(what: keyof TimeSpent, at: number): void;
  /** It waits for so long at most, and then calls the model. */
  pause(at: number, milliseconds: number): void;
  /** The four add up to `whole`, which another clock may have measured. */
  read(at: number, whole: number): TimeSpent;
}

export function createTimeMeter(): TimeMeter {
  let sums: TimeSpent = { model: 0, tools: 0, waiting: 0, other: 0 };
  let current: keyof TimeSpent = "other";
  let since: number | undefined;
  let paused = 0;

  function sumsAt(at: number): TimeSpent {
    const length = Math.max(0, at - (since ?? at));
    const waited = Math.min(paused, length);
    const next = { ...sums, waiting: toMicroseconds(sums.waiting + waited) };
    next[current] = toMicroseconds(next[current] + length - waited);
    return next;
  }

  function turnTo(what: keyof TimeSpent, at: number, pause: number): void {
    sums = sumsAt(at);
    since = at;
    current = what;
    paused = pause;
  }

  return {
    enter: (what, at) => turnTo(what, at, 0),
    pause: (at, milliseconds) => turnTo("model", at, milliseconds),
    read(at, whole) {
      const measured = sumsAt(at);
      // What was measured by commits may be a little more than the whole.
      const model = Math.min(measured.model, whole);
      const tools = Math.min(measured.tools, toMicroseconds(whole - model));
      const waiting = Math.min(measured.waiting, toMicroseconds(whole - model - tools));
      return { model, tools, waiting, other: toMicroseconds(whole - model - tools - waiting) };
    },
  };
}
