import type { Event } from "@daphnia/protocol/event";
import { sumOf } from "./spending.ts";
import { createAttemptsFold } from "./trace-attempts.ts";
import { type ChildrenOf, createCallsFold } from "./trace-calls.ts";
import type { Failure, StepSpan } from "./trace-spans.ts";

/** The place of a step's events. */
export const stepPlace = (turnId: string, step: number): string => `step ${turnId} ${step}`;

/** One step, as far as its events tell it. */
export interface StepFold {
  add(event: Event): void;
  /** Ends the model call that still runs, where the turn stops for now or for good. */
  stop(at: number, why: Failure | undefined): void;
  /** True where it was stopped before a model call that is made now. */
  resume(at: number): boolean;
  span(now: number, childrenOf: ChildrenOf): StepSpan;
}

export function createStepFold(turnId: string, step: number, startTime: number): StepFold {
  const attempts = createAttemptsFold();
  const calls = createCallsFold();
  let model = "";

  return {
    add(event) {
      const { body } = event;
      attempts.add(event);
      calls.add(event);
      if (body.case === "stepStarted") model = `${body.value.provider}/${body.value.model}`;
    },
    stop: attempts.stop,
    resume: attempts.resume,
    span(now, childrenOf) {
      const begun = attempts.spans(now);
      const called = calls.spans(now, childrenOf);
      const own = sumOf(begun.map(({ spent }) => spent));
      const children = childrenOf(stepPlace(turnId, step));
      const ends = [...begun, ...called].map(({ endTime }) => endTime);
      const endTime = ends.includes(undefined)
        ? undefined
        : ends.reduce((latest: number, end) => Math.max(latest, end ?? now), startTime);
      return {
        step,
        model,
        startTime,
        endTime,
        duration: Math.max(0, (endTime ?? now) - startTime),
        own,
        spent: sumOf([own, ...[...called, ...children].map((part) => part.spent)]),
        attempts: begun,
        calls: called,
        children,
      };
    },
  };
}
