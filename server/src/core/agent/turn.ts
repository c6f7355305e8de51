import {
  type Event,
  PromptDeliveredSchema,
  TurnErrorKind,
  TurnStartedSchema,
} from "@daphnia/protocol/event";
import { type QueuedPrompt, TurnOutcome } from "@daphnia/protocol/session";
import { messageOf } from "../../base/errors.ts";
import type { Fact } from "../log/session-writer.ts";
import { answerCalls, giveUp } from "./calls.ts";
import { body, type Facts, facts } from "./facts.ts";
import { runStep } from "./step.ts";
import type { Turn, TurnDeps } from "./turn-deps.ts";
import { type TurnEnd, turnEnd } from "./turn-end.ts";
import type { TurnState } from "./turn-state.ts";

/**
 * Works on a turn until it is over, suspended, or left off at a safe point.
 *
 * A turn does nothing but yield. Whoever drives it commits what it yields before
 * asking for more, so nothing below a `yield` runs until what stands above it is
 * durable: no tool runs before its start is on record. What to do next follows
 * from `deps.state()` alone, so a turn begun anew after a crash goes on where its
 * log ends.
 */
export async function* runTurn(
  prompt: QueuedPrompt | undefined,
  deps: TurnDeps,
  signal: AbortSignal,
): Turn {
  const began = deps.clock.monotonic();
  const finish = (end: TurnEnd) => facts([finished(deps, end, began)]);
  const tooLong = new AbortController();
  let forget = () => {};
  try {
    if (!deps.state().isStarted) yield facts(started(prompt, deps));
    if (!deps.state().isStarted) return; // its prompt was withdrawn meanwhile
    forget = deps.clock.after(timeLeft(deps), () => tooLong.abort(new Error(timeUp)));
    const end = yield* work(deps, AbortSignal.any([signal, tooLong.signal]));
    if (end !== "left off") yield finish(end);
  } catch (error) {
    const end = brokenOff(
      error,
      { isCanceled: signal.aborted, isLate: tooLong.signal.aborted },
      deps,
    );
    const { openCalls } = deps.state();
    if (openCalls.length > 0) yield facts(giveUp(openCalls, deps));
    yield finish(end);
  } finally {
    forget();
  }
}

const timeUp = "the turn took longer than it may";
/** The longest that a timer can be set for. */
const longestTimer = 2 ** 31 - 1;

/** Milliseconds until the turn has taken as long as it may. */
function timeLeft({ state, clock, timeout }: TurnDeps): number {
  const elapsed = clock.now().getTime() - state().startTime;
  return Math.min(longestTimer, Math.max(0, timeout - elapsed));
}

/** The end of a turn that something stopped. */
function brokenOff(
  error: unknown,
  { isCanceled, isLate }: { readonly isCanceled: boolean; readonly isLate: boolean },
  deps: TurnDeps,
): TurnEnd {
  if (isCanceled) return { outcome: TurnOutcome.CANCELED };
  if (isLate) return timedOut(deps);
  deps.onBug(error);
  return fault(error);
}

function timedOut({ timeout }: TurnDeps): TurnEnd {
  const message = `${timeUp}: ${Math.round(timeout / 1000)} s (limits.turn_timeout)`;
  return { outcome: TurnOutcome.FAILED, error: { kind: TurnErrorKind.TIMEOUT, message } };
}

/** Answers calls and makes steps until there is an end, or a place to leave off. */
async function* work(
  deps: TurnDeps,
  signal: AbortSignal,
): AsyncGenerator<Facts, TurnEnd | "left off", readonly Event[]> {
  for (;;) {
    signal.throwIfAborted();
    const state = deps.state();
    if (state.openCalls.length > 0) {
      yield* answerCalls(state.openCalls, deps, signal);
      continue;
    }
    if (deps.isPausing()) return "left off";
    // A steer is delivered where a step follows; else it opens a turn of its own.
    const isBoundary = !state.isStepOpen && state.step < deps.maxSteps;
    const steers = isBoundary ? deps.steers() : [];
    if (steers.length > 0) {
      yield facts(steers.map((steer) => delivered(steer, state)));
      continue;
    }
    if (state.isAnswered) return { outcome: TurnOutcome.COMPLETED };
    const end = yield* oneStep(deps, signal);
    if (end !== undefined) return end;
  }
}

/** Makes the next step. Undefined when the turn goes on. */
async function* oneStep(
  deps: TurnDeps,
  signal: AbortSignal,
): AsyncGenerator<Facts, TurnEnd | "left off" | undefined, readonly Event[]> {
  const { isStepOpen, step } = deps.state();
  if (!isStepOpen && step >= deps.maxSteps) return { outcome: TurnOutcome.MAX_STEPS };
  const end = yield* runStep(deps, signal);
  if (end === "done") return undefined;
  return end === "suspended" ? "left off" : { outcome: TurnOutcome.FAILED, error: end };
}

function fault(error: unknown): TurnEnd {
  const message = `the daemon is at fault: ${messageOf(error)}`;
  return { outcome: TurnOutcome.FAILED, error: { kind: TurnErrorKind.INTERNAL, message } };
}

function started(prompt: QueuedPrompt | undefined, deps: TurnDeps): Fact[] {
  const { turnId } = deps.state();
  const model = `${deps.model.provider}/${deps.model.name}`;
  const start = body("turnStarted", TurnStartedSchema, {
    agentRevision: deps.agent.revision,
    model,
    maxSteps: prompt?.maxSteps ?? 0,
    unattended: prompt?.unattended ?? false,
  });
  return [
    { turnId, body: start },
    ...(prompt === undefined ? [] : [delivered(prompt, deps.state())]),
  ];
}

function delivered({ promptId }: QueuedPrompt, { turnId }: TurnState): Fact {
  return { turnId, body: body("promptDelivered", PromptDeliveredSchema, { promptId }) };
}

function finished(deps: TurnDeps, end: TurnEnd, began: number): Fact {
  const state = deps.state();
  const sinceBegin = deps.clock.monotonic() - began;
  // After a restart the monotonic clock of the start is gone; wall time stands in.
  const elapsed =
    state.resumes === 0
      ? sinceBegin
      : Math.max(sinceBegin, deps.clock.now().getTime() - state.startTime);
  return turnEnd(state, end, elapsed);
}
