import { UnattendedPolicy } from "@daphnia/protocol/agent";
import type { Approval } from "@daphnia/protocol/approval";
import type { ApprovalResolved } from "@daphnia/protocol/event";
import { RuleAction } from "@daphnia/protocol/permission";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { DaemonError } from "../../base/errors.ts";
import { nearNames } from "../../base/near.ts";
import type { ClaimedCall, Tool } from "../tool/tool.ts";
import { askFor, type Doubt, denialOf, isAllowed, isSameDoubt } from "./approval.ts";
import type { OpenCall } from "./open-calls.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** A call that does not run, and what the model is told. */
export interface Refused {
  readonly kind: "refused";
  readonly open: OpenCall;
  readonly status: ToolCallStatus;
  readonly why: string;
}

/** A call that may run. */
export interface Admitted {
  readonly kind: "admitted";
  readonly open: OpenCall;
  readonly claimed: ClaimedCall;
  /** What a person answered, where one was asked. */
  readonly resolved: ApprovalResolved | undefined;
}

/** A call that waits for a person. */
export interface Asking {
  readonly kind: "asking";
  readonly open: OpenCall;
  readonly claimed: ClaimedCall;
  readonly approval: Approval;
  /** True where the question is not on record yet. */
  readonly isNew: boolean;
  readonly isLoop: boolean;
}

export type Admission = Refused | Admitted | Asking;

/** As many times in a row the same call runs without a question. */
const mostRepeats = 2;

/** Decides whether a call may run, and resolves what it would touch. */
export async function admit(
  open: OpenCall,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<Admission> {
  if (signal.aborted) return canceled(open);
  if (open.number > deps.maxCalls) {
    const why = `A turn makes at most ${deps.maxCalls} tool calls, and this one has made them. Finish without further calls.`;
    return refuse(open, ToolCallStatus.DENIED, why);
  }
  const tool = deps.toolOf(open.call.tool);
  if (tool === undefined) {
    return refuse(open, ToolCallStatus.OUT_OF_SCOPE, unknownTool(open, deps));
  }
  const text = await wholeArguments(open, deps);
  const read = await deps.arguments.read(tool.spec, text);
  if ("problem" in read) return refuse(open, ToolCallStatus.INVALID_ARGUMENTS, read.problem);
  try {
    return await judge(open, tool, { text, value: read.value }, deps);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    return refuse(open, ToolCallStatus.INVALID_ARGUMENTS, error.message);
  }
}

export function canceled(open: OpenCall): Refused {
  return refuse(open, ToolCallStatus.CANCELED, "the turn was canceled");
}

/** What becomes of a call that a person has answered for. */
export function settled(
  { open, claimed, isLoop }: Pick<Asking, "open" | "claimed" | "isLoop">,
  resolved: ApprovalResolved,
): Admitted | Refused {
  if (isAllowed(resolved)) return { kind: "admitted", open, claimed, resolved };
  return refuse(open, denied(isLoop), denialOf(resolved));
}

async function judge(
  open: OpenCall,
  tool: Tool,
  { text, value }: { readonly text: string; readonly value: Record<string, unknown> },
  deps: TurnDeps,
): Promise<Admission> {
  const claimed = await tool.claim(value, deps.place);
  const judgement = deps.judge(claimed.claims, tool.spec.name);
  if (judgement.action === RuleAction.DENY) {
    return refuse(open, ToolCallStatus.DENIED, judgement.why);
  }
  const isLoop = open.streak > mostRepeats;
  const isOwnQuestion = claimed.questions !== undefined || claimed.trust !== undefined;
  const isAsking = isOwnQuestion || isLoop || judgement.action === RuleAction.ASK;
  const admitted = { kind: "admitted", open, claimed, resolved: undefined } as const;
  if (!isAsking) return admitted;
  if (!isOwnQuestion && deps.isGranted(tool.spec.name, text)) return admitted;
  const doubt = { open, claimed, judgement, text, isLoop };
  return isUnattended(deps) ? unattended(doubt) : ask(doubt, deps);
}

/** Asks a person, unless one was asked before: then what they say, or said, counts. */
async function ask(doubt: Doubt, deps: TurnDeps): Promise<Admission> {
  const { open, claimed, isLoop } = doubt;
  const { approval, resolved } = open;
  const isKnown = approval !== undefined && isSameDoubt(doubt);
  if (isKnown && resolved !== undefined) return settled(doubt, resolved);
  const question = isKnown ? approval : await askFor(doubt, deps);
  return { kind: "asking", open, claimed, approval: question, isNew: !isKnown, isLoop };
}

/** True where nobody is there to be asked, and nobody is to be waited for. */
export function isUnattended({ state, agent }: TurnDeps): boolean {
  return state().isUnattended && agent.unattended !== UnattendedPolicy.WAIT;
}

function unattended({ open, claimed, judgement, isLoop }: Doubt): Refused {
  const nobody = "Nobody is there to be asked, so this was denied. Nothing was done.";
  if (claimed.questions !== undefined) {
    return refuse(
      open,
      ToolCallStatus.DENIED,
      `${nobody} Decide yourself, and say what you chose.`,
    );
  }
  const why = isLoop ? `the same call ${open.streak} times in a row` : judgement.why;
  const reason = claimed.trust ? "nobody has trusted this component yet" : why;
  return refuse(open, denied(isLoop), `${nobody} Why it asks: ${reason}`);
}

function denied(isLoop: boolean): ToolCallStatus {
  return isLoop ? ToolCallStatus.LOOP_STOPPED : ToolCallStatus.DENIED;
}

function refuse(open: OpenCall, status: ToolCallStatus, why: string): Refused {
  return { kind: "refused", open, status, why };
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
