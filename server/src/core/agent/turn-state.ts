import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Event, StepFinished } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { SuspendReason } from "@daphnia/protocol/session";
import type { Usage } from "@daphnia/protocol/usage";
import { addUsage } from "../log/spending.ts";
import { type Calls, foldCalls, isOnlyWaiting, noCalls, requestCalls } from "./open-calls.ts";

/** Where a turn stands: the fold of its events. What to do next follows from it alone. */
export interface TurnState extends Calls {
  readonly turnId: string;
  readonly isStarted: boolean;
  readonly isFinished: boolean;
  /** `provider/model` that it began with. */
  readonly model: string;
  /** Most steps that it was given; 0 means the agent's. */
  readonly maxSteps: number;
  /** True where nobody is there to be asked. */
  readonly isUnattended: boolean;
  /** Seqs of its `turn_started`, and of the last `step_started` and whole message; 0 before. */
  readonly startSeq: number;
  readonly stepSeq: number;
  readonly messageSeq: number;
  /** The last model call, from 1; 0 before the first. */
  readonly step: number;
  /** True from `step_started` until the step's message is whole. */
  readonly isStepOpen: boolean;
  /** Calls made in the open step, retries included. */
  readonly attempts: number;
  /** True when the provider's time has come, and the call it asked to wait with is not made yet. */
  readonly isRetryDue: boolean;
  /** Seq of an interrupted message that nothing has replaced yet; 0 when none. */
  readonly interruptedSeq: number;
  /** True when the model's last message asked for nothing more. */
  readonly isAnswered: boolean;
  /** The text of the last whole message. */
  readonly output: string;
  readonly finishReason: string;
  readonly usage: Usage | undefined;
  readonly costNanos: bigint;
  readonly currency: string;
  readonly isCostKnown: boolean;
  readonly resumes: number;
  /** How often of those it went on by itself after the daemon's end. */
  readonly restarts: number;
  /** Why it is suspended; undefined when it is not. */
  readonly suspended: { readonly reason: SuspendReason; readonly until: number } | undefined;
  /** Milliseconds since 1970; 0 before it started. */
  readonly startTime: number;
}

export function newTurnState(turnId: string): TurnState {
  return {
    turnId,
    isStarted: false,
    isFinished: false,
    model: "",
    maxSteps: 0,
    isUnattended: false,
    startSeq: 0,
    stepSeq: 0,
    messageSeq: 0,
    step: 0,
    isStepOpen: false,
    attempts: 0,
    isRetryDue: false,
    interruptedSeq: 0,
    ...noCalls,
    isAnswered: false,
    output: "",
    finishReason: "",
    usage: undefined,
    costNanos: 0n,
    currency: "",
    isCostKnown: true,
    resumes: 0,
    restarts: 0,
    suspended: undefined,
    startTime: 0,
  };
}

/** The state after one more event of the turn. Pure. */
export function foldTurn(state: TurnState, event: Event): TurnState {
  const { body } = event;
  switch (body.case) {
    case "turnStarted":
      return {
        ...state,
        isStarted: true,
        startSeq: Number(event.seq),
        model: body.value.model,
        maxSteps: body.value.maxSteps,
        isUnattended: body.value.unattended,
        startTime: millisOf(event.time),
      };
    case "turnSuspended": {
      const { reason, untilTime } = body.value;
      return { ...state, suspended: { reason, until: millisOf(untilTime) } };
    }
    case "turnResumed":
      return {
        ...state,
        resumes: state.resumes + 1,
        restarts: state.restarts + (isCutOff(state) ? 1 : 0),
        isRetryDue: state.suspended?.reason === SuspendReason.PROVIDER,
        suspended: undefined,
      };
    case "promptDelivered":
      return { ...state, isAnswered: false };
    case "stepStarted":
      return {
        ...state,
        step: event.step,
        stepSeq: Number(event.seq),
        isStepOpen: true,
        attempts: Math.max(1, state.attempts),
        isRetryDue: false,
      };
    case "stepRetried":
      return {
        ...state,
        attempts: body.value.attempt,
        isRetryDue: false,
        interruptedSeq: body.value.supersedesSeq === 0n ? state.interruptedSeq : 0,
      };
    case "messageCompleted":
      return body.value.interrupted
        ? { ...state, interruptedSeq: Number(event.seq) }
        : withMessage(state, event, body.value.message?.parts ?? []);
    case "stepFinished":
      return withSpending(state, body.value);
    case "modelSampled":
      return withSpending(state, { ...body.value, finishReason: "" });
    case "turnFinished":
      return { ...state, isFinished: true };
    default:
      return { ...state, ...foldCalls(state, event) };
  }
}

function withMessage(state: TurnState, { step, seq }: Event, parts: readonly Part[]): TurnState {
  const calls = requestCalls(state, step, parts);
  const text = parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
  return {
    ...state,
    ...calls,
    isStepOpen: false,
    attempts: 0,
    isRetryDue: false,
    interruptedSeq: 0,
    messageSeq: Number(seq),
    isAnswered: calls.openCalls.length === 0,
    output: text,
  };
}

/** True where the daemon's end stopped work: neither suspended, nor only waiting for people. */
function isCutOff({ suspended, openCalls }: TurnState): boolean {
  return suspended === undefined && !isOnlyWaiting(openCalls);
}

function withSpending(
  state: TurnState,
  { usage, cost, finishReason }: Pick<StepFinished, "usage" | "cost" | "finishReason">,
): TurnState {
  const isSame = cost !== undefined && (state.currency === "" || state.currency === cost.currency);
  return {
    ...state,
    // A call that was cut off has none.
    finishReason: finishReason || state.finishReason,
    usage: usage === undefined ? state.usage : addUsage(state.usage, usage),
    costNanos: isSame ? state.costNanos + cost.nanos : state.costNanos,
    currency: isSame ? cost.currency : state.currency,
    isCostKnown: state.isCostKnown && isSame,
  };
}

function millisOf(time: Timestamp | undefined): number {
  return time ? timestampMs(time) : 0;
}
