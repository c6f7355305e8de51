import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Agent, ResumePolicy } from "@daphnia/protocol/agent";
import {
  ToolCallFinishedSchema,
  TurnResumedSchema,
  TurnSuspendedSchema,
} from "@daphnia/protocol/event";
import { PartSchema } from "@daphnia/protocol/message";
import { SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import type { Fact } from "../log/session-writer.ts";
import type { Tool } from "../tool/tool.ts";
import { body } from "./facts.ts";
import { turnEnd } from "./turn-end.ts";
import type { OpenCall, TurnState } from "./turn-state.ts";

/**
 * What a turn waits, in milliseconds, before it goes on by itself after the first
 * crash, the second and so on; after more it ends. One that brings the daemon down
 * each time then leaves the others some time to work.
 */
const backOffs: readonly number[] = [0, 2000, 8000];
/** How long a turn waits for somebody to resume it, in milliseconds. */
const suspendFor = 24 * 60 * 60 * 1000;

/** What becomes of a turn that the daemon's end cut off. */
export interface Recovery {
  readonly facts: readonly Fact[];
  /** Milliseconds to wait before it is resumed; absent where the facts say what comes of it. */
  readonly backOff?: number;
}

/**
 * What has to be committed to a turn that the daemon's end cut off, after its
 * drafts were settled: calls that may have happened are answered, and then the
 * turn goes on, waits or ends. A call that may have happened is never run again
 * unless that does no harm.
 */
export function recover(
  state: TurnState,
  deps: {
    readonly agent: Agent | undefined;
    readonly tools: readonly Tool[];
    readonly now: number;
  },
): Recovery {
  const { turnId } = state;
  const { agent, tools, now } = deps;
  const policy = agent?.resume ?? ResumePolicy.OFF;
  const backOff = policy === ResumePolicy.ASK ? 0 : backOffs[state.restarts];
  if (policy === ResumePolicy.OFF || backOff === undefined) {
    return { facts: interrupt(state, now) };
  }
  const answered = state.openCalls
    .filter((open) => open.starts > 0 && !isHarmless(open, tools))
    .map((open) => interruptedCall(open, turnId));
  if (backOff > 0) return { facts: answered, backOff };
  const onwards =
    policy === ResumePolicy.ASK
      ? body("turnSuspended", TurnSuspendedSchema, {
          reason: SuspendReason.RESTART,
          untilTime: timestampFromMs(now + suspendFor),
        })
      : body("turnResumed", TurnResumedSchema, { attempt: state.resumes + 1 });
  return { facts: [...answered, { turnId, body: onwards }] };
}

/** Ends a turn as INTERRUPTED, every open call answered. */
export function interrupt(state: TurnState, now: number): readonly Fact[] {
  const end = turnEnd(state, { outcome: TurnOutcome.INTERRUPTED }, now - state.startTime);
  return [...answerAll(state), end];
}

/** INTERRUPTED answers for every open call of a turn that does not go on. */
export function answerAll(state: TurnState): readonly Fact[] {
  return state.openCalls.map((open) => interruptedCall(open, state.turnId));
}

function isHarmless({ call }: OpenCall, tools: readonly Tool[]): boolean {
  const tool = tools.find(({ spec }) => spec.name === call.tool);
  return tool?.effect === "read_only" || tool?.effect === "idempotent";
}

function interruptedCall({ call, step, starts }: OpenCall, turnId: string): Fact {
  const value =
    starts === 0
      ? "[interrupted] The daemon stopped before this call ran. Nothing was done."
      : "[interrupted] The daemon stopped while this call ran. Its outcome is unknown: it may have done nothing, part or all of its work, and it was not run again. Check the actual state before you repeat it.";
  const part = create(PartSchema, { kind: { case: "text", value } });
  return {
    turnId,
    step,
    body: body("toolCallFinished", ToolCallFinishedSchema, {
      callId: call.callId,
      status: ToolCallStatus.INTERRUPTED,
      parts: [part],
    }),
  };
}
