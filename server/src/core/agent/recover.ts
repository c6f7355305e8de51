import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Agent, ResumePolicy } from "@daphnia/protocol/agent";
import { TurnResumedSchema, TurnSuspendedSchema } from "@daphnia/protocol/event";
import { SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import type { LeftOutput } from "../log/left-output.ts";
import type { Fact } from "../log/session-writer.ts";
import type { Tool } from "../tool/tool.ts";
import { takenBack } from "./approval.ts";
import { blobOf, finished, text } from "./call-facts.ts";
import { body } from "./facts.ts";
import { isOnlyWaiting, type OpenCall } from "./open-calls.ts";
import { turnEnd } from "./turn-end.ts";
import type { TurnState } from "./turn-state.ts";

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
    /** What calls had printed, by their ids. */
    readonly outputs: ReadonlyMap<string, LeftOutput>;
  },
): Recovery {
  const { turnId } = state;
  const { agent, tools, now, outputs } = deps;
  // What waits for people was not cut off: it goes on waiting, whatever the policy.
  if (agent !== undefined && isOnlyWaiting(state.openCalls)) return { facts: [resumed(state)] };
  const policy = agent?.resume ?? ResumePolicy.OFF;
  const backOff = policy === ResumePolicy.ASK ? 0 : backOffs[state.restarts];
  if (policy === ResumePolicy.OFF || backOff === undefined) {
    return { facts: interrupt(state, now, outputs) };
  }
  const answered = state.openCalls
    .filter((open) => open.starts > 0)
    .flatMap((open) =>
      isHarmless(open, tools)
        ? takenBack(open, turnId, "the daemon stopped; the call runs again")
        : interruptedCall(open, state, outputs),
    );
  if (backOff > 0) return { facts: answered, backOff };
  if (policy !== ResumePolicy.ASK) return { facts: [...answered, resumed(state)] };
  const suspended = body("turnSuspended", TurnSuspendedSchema, {
    reason: SuspendReason.RESTART,
    untilTime: timestampFromMs(now + suspendFor),
  });
  return { facts: [...answered, { turnId, body: suspended }] };
}

function resumed({ turnId, resumes }: TurnState): Fact {
  return { turnId, body: body("turnResumed", TurnResumedSchema, { attempt: resumes + 1 }) };
}

/** Ends a turn as INTERRUPTED, every open call answered. */
export function interrupt(
  state: TurnState,
  now: number,
  outputs?: ReadonlyMap<string, LeftOutput>,
): readonly Fact[] {
  const end = turnEnd(state, { outcome: TurnOutcome.INTERRUPTED }, now - state.startTime);
  return [...answerAll(state, outputs), end];
}

/** INTERRUPTED answers for every open call of a turn that does not go on. */
export function answerAll(
  state: TurnState,
  outputs: ReadonlyMap<string, LeftOutput> = new Map(),
): readonly Fact[] {
  return state.openCalls.flatMap((open) => interruptedCall(open, state, outputs));
}

function isHarmless({ call }: OpenCall, tools: readonly Tool[]): boolean {
  const tool = tools.find(({ spec }) => spec.name === call.tool);
  return tool?.effect === "read_only" || tool?.effect === "idempotent";
}

function interruptedCall(
  open: OpenCall,
  state: TurnState,
  outputs: ReadonlyMap<string, LeftOutput>,
): readonly Fact[] {
  const left = outputs.get(open.call.callId);
  const why =
    open.starts === 0
      ? "[interrupted] The daemon stopped before this call ran. Nothing was done."
      : `[interrupted] The daemon stopped while this call ran. Its outcome is unknown: it may have done nothing, part or all of its work, and it was not run again. ${left ? `The end of what it had printed:\n${left.tail}\n` : ""}Check the actual state before you repeat it.`;
  const end = {
    status: ToolCallStatus.INTERRUPTED,
    parts: [text(why)],
    ...(left && { output: blobOf(left.blob) }),
  };
  return [
    ...takenBack(open, state.turnId, "its turn ended"),
    finished(open, end, { state: () => state }),
  ];
}
