import { create } from "@bufbuild/protobuf";
import { ToolCallFinishedSchema, ToolCallStartedSchema } from "@daphnia/protocol/event";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { RuleAction } from "@daphnia/protocol/permission";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { DaemonError, messageOf } from "../../base/errors.ts";
import { merge } from "../../base/merge.ts";
import { nearNames } from "../../base/near.ts";
import type { Fact } from "../log/session-writer.ts";
import type { ClaimedCall } from "../tool/tool.ts";
import { fit } from "./elide.ts";
import { body, duration, type Facts, facts } from "./facts.ts";
import type { Turn, TurnDeps } from "./turn-deps.ts";
import type { OpenCall } from "./turn-state.ts";

/** How long a tool may take to notice that it was canceled, in milliseconds. */
const cancelGrace = 2000;
const canceled = "the turn was canceled";

interface Refused {
  readonly open: OpenCall;
  readonly status: ToolCallStatus;
  readonly why: string;
}

interface LetThrough {
  readonly open: OpenCall;
  readonly claimed: ClaimedCall;
}

/**
 * Gives every open call its answer. Calls that need nobody start in one commit;
 * then they run side by side, and each answer is committed when it is there.
 */
export async function* answerCalls(
  open: readonly OpenCall[],
  deps: TurnDeps,
  signal: AbortSignal,
): Turn {
  const judged = await Promise.all(
    open.map((call) => {
      const late: Refused = { open: call, status: ToolCallStatus.CANCELED, why: canceled };
      return withGrace(admit(call, deps, signal), late, deps, signal);
    }),
  );
  const refused = judged.filter((call) => "why" in call);
  const admitted = judged.filter((call) => "claimed" in call);
  yield facts([
    ...refused.map(({ open: call, status, why }) =>
      finished(call, deps, { status, parts: [text(why)] }),
    ),
    ...admitted.map(({ open: call }) => started(call, deps)),
  ]);
  // A defect in one of them stops the others: nothing waits for them any more.
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  const stop = (error: unknown) => broken.abort(error);
  yield* merge(admitted.map((call) => run(call, deps, either, stop)));
}

/** The answers to calls of a turn that ends before they have one. */
export function giveUp(open: readonly OpenCall[], deps: Pick<TurnDeps, "state">): readonly Fact[] {
  return open.map((call) => {
    const why =
      call.starts === 0
        ? "the turn ended before this ran; nothing was done"
        : "the turn ended while this ran; its outcome is unknown, and it was not run again";
    return finished(call, deps, { status: ToolCallStatus.CANCELED, parts: [text(why)] });
  });
}

/** Decides whether a call may run, and resolves what it would touch. */
async function admit(
  open: OpenCall,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<Refused | LetThrough> {
  const refuse = (status: ToolCallStatus, why: string): Refused => ({ open, status, why });
  if (signal.aborted) return refuse(ToolCallStatus.CANCELED, canceled);
  const tool = deps.tools.find(({ spec }) => spec.name === open.call.tool);
  if (tool === undefined) return refuse(ToolCallStatus.OUT_OF_SCOPE, unknownTool(open, deps));
  const read = await deps.arguments.read(tool.spec, await wholeArguments(open, deps));
  if ("problem" in read) return refuse(ToolCallStatus.INVALID_ARGUMENTS, read.problem);
  try {
    const claimed = await tool.claim(read.value, deps.place);
    const { action, why } = deps.judge(claimed.claims, tool.spec.name);
    // Until a person can be asked, what asks is denied.
    if (action !== RuleAction.ALLOW) return refuse(ToolCallStatus.DENIED, why);
    return { open, claimed };
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    return refuse(ToolCallStatus.INVALID_ARGUMENTS, error.message);
  }
}

/** What the model wrote, also where the event keeps only its ends. */
async function wholeArguments({ call, full }: OpenCall, { blobs }: TurnDeps): Promise<string> {
  if (full === undefined) return call.arguments;
  const blob = await blobs.read(full.digest, 0, Number.MAX_SAFE_INTEGER);
  if (blob === undefined) throw new Error(`blob ${full.digest} is missing`);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(blob.bytes);
}

function unknownTool({ call }: OpenCall, { tools }: TurnDeps): string {
  const names = tools.map(({ spec }) => spec.name);
  const near = nearNames(call.tool, names);
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(" or ")}?`
      : `You have: ${names.join(", ") || "none"}.`;
  return `You were not granted a tool "${call.tool}". ${hint}`;
}

async function* run(
  { open, claimed }: LetThrough,
  deps: TurnDeps,
  signal: AbortSignal,
  stopOthers: (error: unknown) => void,
): AsyncGenerator<Facts> {
  const began = deps.clock.monotonic();
  try {
    const answer = await settle(claimed, deps, signal);
    const fitting = await fit(answer.parts, deps.blobs);
    const milliseconds = deps.clock.monotonic() - began;
    const told = fitting === undefined ? tooMany(answer) : { ...answer, parts: fitting.parts };
    const fact = finished(open, deps, { ...told, milliseconds });
    yield facts([fact], { blobs: fitting?.blobs ?? [] });
  } catch (error) {
    stopOthers(error);
    throw error;
  }
}

type Answer = { readonly status: ToolCallStatus; readonly parts: readonly Part[] };

function tooMany({ parts }: Answer): Answer {
  const why = `the tool answered with ${parts.length} parts, more than one event can hold`;
  return { status: ToolCallStatus.TOOL_ERROR, parts: [text(why)] };
}

/** Runs one call. Whatever goes wrong becomes an answer for the model to read. */
function settle(claimed: ClaimedCall, deps: TurnDeps, signal: AbortSignal): Promise<Answer> {
  const late: Answer = {
    status: ToolCallStatus.CANCELED,
    parts: [text("the turn was canceled; the tool did not stop in time")],
  };
  return withGrace(act(claimed, signal), late, deps, signal);
}

async function act(claimed: ClaimedCall, signal: AbortSignal): Promise<Answer> {
  try {
    const { parts, isError } = await claimed.run(signal);
    return { status: isError ? ToolCallStatus.TOOL_ERROR : ToolCallStatus.OK, parts };
  } catch (error) {
    return {
      status: signal.aborted ? ToolCallStatus.CANCELED : ToolCallStatus.TOOL_ERROR,
      parts: [text(signal.aborted ? "the turn was canceled while this ran" : messageOf(error))],
    };
  }
}

/** What comes of some work, or `late` where it does not notice in time that it was canceled. */
async function withGrace<T>(
  work: Promise<T>,
  late: T,
  { clock }: TurnDeps,
  signal: AbortSignal,
): Promise<T> {
  const { promise: tooLate, resolve } = Promise.withResolvers<T>();
  let forget = () => {};
  const count = () => {
    forget = clock.after(cancelGrace, () => resolve(late));
  };
  if (signal.aborted) count();
  else signal.addEventListener("abort", count, { once: true });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    signal.removeEventListener("abort", count);
    forget();
  }
}

function started({ call, step, starts }: OpenCall, deps: TurnDeps): Fact {
  const { callId, tool } = call;
  return {
    turnId: deps.state().turnId,
    step,
    body: body("toolCallStarted", ToolCallStartedSchema, { callId, tool, attempt: starts + 1 }),
  };
}

function finished(
  { call, step }: OpenCall,
  deps: Pick<TurnDeps, "state">,
  answer: { status: ToolCallStatus; parts: readonly Part[]; milliseconds?: number },
): Fact {
  return {
    turnId: deps.state().turnId,
    step,
    body: body("toolCallFinished", ToolCallFinishedSchema, {
      callId: call.callId,
      status: answer.status,
      parts: [...answer.parts],
      ...(answer.milliseconds !== undefined && { duration: duration(answer.milliseconds) }),
    }),
  };
}

function text(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}
