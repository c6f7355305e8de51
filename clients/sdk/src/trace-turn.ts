import type { Event, TurnFinished } from "@daphnia/protocol/event";
import { SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { failureOf, lengthOf, timeOf, wordOf } from "./event-words.ts";
import { sumOf } from "./spending.ts";
import { createTimeMeter } from "./time-meter.ts";
import type { ChildrenOf } from "./trace-calls.ts";
import type { SuspensionSpan, TimeSpent, TurnSpan } from "./trace-spans.ts";
import { createStepFold, type StepFold } from "./trace-step.ts";

/** The place of a turn's events that belong to no step. */
export const turnPlace = (turnId: string): string => `turn ${turnId}`;

/** What is known of a turn's prompt before it begins. */
export interface OpeningPrompt {
  readonly text: string;
  readonly acceptTime: number;
}

/** One turn, as far as its events tell it. */
export interface TurnFold {
  readonly turnId: string;
  /** When it began. */
  readonly startTime: number;
  endTime(): number | undefined;
  /** The prompt that opened it; `before` is when the turn before it ended. */
  open(prompt: OpeningPrompt, before: number | undefined): void;
  add(event: Event): void;
  span(now: number, childrenOf: ChildrenOf): TurnSpan;
}

export function createTurnFold(turnId: string, startTime: number, model: string): TurnFold {
  const steps = new Map<number, StepFold>();
  const suspensions: SuspensionSpan[] = [];
  const meter = createTimeMeter();
  let opening: OpeningPrompt | undefined;
  let waited = { forTurns: 0, forSlot: 0 };
  let finished: TurnFinished | undefined;
  let endTime: number | undefined;
  let lastStep: StepFold | undefined;
  const runningCalls = new Set<string>();
  /** Calls that wait for a person, by approval. */
  const waitingCalls = new Map<string, string>();
  meter.enter("other", startTime);

  function stepOf(event: Event): void {
    const step = steps.get(event.step) ?? createStepFold(turnId, event.step, timeOf(event));
    steps.set(event.step, step);
    step.add(event);
    lastStep = step;
  }

  function measure({ body }: Event, at: number): void {
    switch (body.case) {
      case "stepStarted":
        meter.enter("model", at);
        break;
      case "stepRetried":
        meter.pause(at, lengthOf(body.value.delay) ?? 0);
        break;
      case "messageCompleted":
        meter.enter("other", at);
        break;
      case "toolCallStarted":
        runningCalls.add(body.value.callId);
        meter.enter(busyWith(), at);
        break;
      case "toolCallFinished":
        runningCalls.delete(body.value.callId);
        answered(body.value.callId);
        meter.enter(busyWith(), at);
        break;
      case "approvalRequested":
        waitingCalls.set(body.value.approval?.id ?? "", body.value.approval?.callId ?? "");
        meter.enter(busyWith(), at);
        break;
      case "approvalResolved":
        if (waitingCalls.delete(body.value.approvalId)) meter.enter(busyWith(), at);
        break;
    }
  }

  /** What a turn does between its model calls. */
  function busyWith(): keyof TimeSpent {
    const waiting = new Set(waitingCalls.values());
    if ([...runningCalls].some((callId) => !waiting.has(callId))) return "tools";
    return waiting.size > 0 ? "waiting" : "other";
  }

  /** A call that is over waits for nobody, whether somebody answered or not. */
  function answered(callId: string): void {
    for (const [id, waiting] of waitingCalls) if (waiting === callId) waitingCalls.delete(id);
  }

  function changeTurn({ body }: Event, at: number): void {
    switch (body.case) {
      case "turnSuspended":
        suspensions.push({
          reason: wordOf(SuspendReason, body.value.reason),
          startTime: at,
          endTime: undefined,
          duration: 0,
        });
        lastStep?.stop(at, undefined);
        meter.enter("waiting", at);
        break;
      case "turnResumed":
        closeSuspension(at);
        runningCalls.clear();
        meter.enter(lastStep?.resume(at) ? "model" : busyWith(), at);
        break;
      case "turnFinished":
        closeSuspension(at);
        lastStep?.stop(at, failureOf(body.value.error));
        meter.enter("other", at);
        finished = body.value;
        endTime = at;
        break;
    }
  }

  function closeSuspension(at: number): void {
    const last = suspensions.pop();
    if (last === undefined) return;
    const isOpen = last.endTime === undefined;
    suspensions.push(isOpen ? { ...last, endTime: at, duration: at - last.startTime } : last);
  }

  function status(): string {
    if (finished !== undefined) return wordOf(TurnOutcome, finished.outcome);
    const last = suspensions.at(-1);
    return last !== undefined && last.endTime === undefined ? "suspended" : "running";
  }

  return {
    turnId,
    startTime,
    endTime: () => endTime,
    open(prompt, before) {
      opening ??= prompt;
      const ready = Math.max(prompt.acceptTime, before ?? 0);
      waited = {
        forTurns: Math.max(0, ready - prompt.acceptTime),
        forSlot: Math.max(0, startTime - ready),
      };
    },
    add(event) {
      const at = timeOf(event);
      measure(event, at);
      if (event.step > 0) stepOf(event);
      else changeTurn(event, at);
    },
    span(now, childrenOf) {
      const taken = [...steps.values()].map((step) => step.span(now, childrenOf));
      const children = childrenOf(turnPlace(turnId));
      const duration = lengthOf(finished?.duration) ?? (endTime ?? now) - startTime;
      return {
        turnId,
        status: status(),
        error: failureOf(finished?.error),
        model,
        prompt: opening?.text ?? "",
        startTime,
        endTime,
        duration,
        waited,
        time: meter.read(endTime ?? now, duration),
        spent: sumOf([...taken, ...children].map((part) => part.spent)),
        steps: taken,
        suspensions: suspensions.map((one) =>
          one.endTime === undefined ? { ...one, duration: now - one.startTime } : one,
        ),
        children,
      };
    },
  };
}
