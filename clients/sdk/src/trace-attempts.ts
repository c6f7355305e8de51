import type { Event, StepFinished, StepRetried } from "@daphnia/protocol/event";
import { failureOf, lengthOf, timeOf } from "./event-words.ts";
import { nothingSpent, spentBy } from "./spending.ts";
import type { AttemptSpan, Failure } from "./trace-spans.ts";

/** The model calls of one step, as far as its events tell them. */
export interface AttemptsFold {
  add(event: Event): void;
  /** Ends the one that still runs; one that was still waited for has not begun. */
  stop(at: number, why: Failure | undefined): void;
  /** Begins the one that was waited for when it stopped; false where there was none. */
  resume(at: number): boolean;
  spans(now: number): AttemptSpan[];
}

type Attempt = { -readonly [key in keyof AttemptSpan]: AttemptSpan[key] };

export function createAttemptsFold(): AttemptsFold {
  const attempts: Attempt[] = [];
  /** The attempt that is made when the turn goes on. */
  let due: number | undefined;

  function begin(attempt: number, at: number, waited: number): void {
    const unknown = { error: undefined, firstToken: undefined, endTime: undefined, duration: 0 };
    const start = { attempt, startTime: at, waited, status: "running", spent: nothingSpent };
    attempts.push({ ...unknown, ...start });
    due = undefined;
  }

  function end(at: number, status: string, error?: Failure): void {
    const last = attempts.at(-1);
    if (last === undefined || last.endTime !== undefined) return;
    // Unless its end says more: silence that failed has used nothing, all else may have.
    const spent = status === "failed" ? nothingSpent : spentBy(undefined);
    const duration = at - last.startTime;
    Object.assign(last, { endTime: at, duration, status, error, spent });
  }

  function retry({ attempt, reason, delay }: StepRetried, at: number): void {
    end(at, "failed");
    const failed = attempts.at(-1);
    if (failed) Object.assign(failed, { status: "failed", error: failureOf(reason) });
    const waited = lengthOf(delay) ?? 0;
    begin(attempt, at + waited, waited);
  }

  function finish(told: StepFinished, at: number): void {
    end(at, "interrupted"); // it used something and said nothing
    const last = attempts.at(-1);
    if (last === undefined) return;
    last.spent = spentBy(told);
    last.firstToken = last.status === "ok" ? lengthOf(told.timeToFirstToken) : undefined;
    last.duration = lengthOf(told.duration) ?? last.duration;
  }

  return {
    add(event) {
      const { body } = event;
      const at = timeOf(event);
      switch (body.case) {
        case "stepStarted":
          if (attempts.length === 0) begin(1, at, 0); // else a retry that sends something else
          break;
        case "stepRetried":
          retry(body.value, at);
          break;
        case "messageCompleted":
          end(at, body.value.interrupted ? "interrupted" : "ok");
          break;
        case "stepFinished":
          finish(body.value, at);
          break;
      }
    },
    stop(at, why) {
      const last = attempts.at(-1);
      if (last !== undefined && last.startTime > at) due = attempts.pop()?.attempt;
      else end(at, why === undefined ? "interrupted" : "failed", why);
    },
    resume(at) {
      if (due === undefined) return false;
      begin(due, at, 0);
      return true;
    },
    spans: (now) =>
      attempts.map((attempt) =>
        attempt.endTime === undefined
          ? { ...attempt, duration: Math.max(0, now - attempt.startTime) }
          : { ...attempt },
      ),
  };
}
