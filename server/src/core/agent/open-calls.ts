import type { Approval } from "@daphnia/protocol/approval";
import type { Blob } from "@daphnia/protocol/blob";
import type { ApprovalResolved, CallProcess, Event } from "@daphnia/protocol/event";
import type { Part, ToolCall } from "@daphnia/protocol/message";

/** A call that was requested and has no answer yet. */
export interface OpenCall {
  readonly call: ToolCall;
  /** All of its arguments, where the call holds only their ends. */
  readonly full: Blob | undefined;
  readonly step: number;
  /** Its place among the calls of its turn, from 1. */
  readonly number: number;
  /** How often in a row the turn asked for just this; 1 for the first time. */
  readonly streak: number;
  /** How often it was started. */
  readonly starts: number;
  /** The process that it runs in, where it has one. */
  readonly process: CallProcess | undefined;
  /** What a person is or was asked about it, the last time. */
  readonly approval: Approval | undefined;
  /** What they answered. */
  readonly resolved: ApprovalResolved | undefined;
}

/** The calls of a turn, so far. */
export interface Calls {
  /** In the order the model asked for them. */
  readonly openCalls: readonly OpenCall[];
  /** How many the turn has asked for. */
  readonly requested: number;
  /** The last one, and how often in a row it was asked for. */
  readonly last: { readonly sameAs: string; readonly streak: number };
}

export const noCalls: Calls = { openCalls: [], requested: 0, last: { sameAs: "", streak: 0 } };

/** The calls after one more event of the turn. Pure. */
export function foldCalls(calls: Calls, { body }: Event): Calls {
  switch (body.case) {
    case "toolCallStarted": {
      const { callId, process } = body.value;
      return change(calls, callId, (open) => ({ ...open, process, starts: open.starts + 1 }));
    }
    case "approvalRequested": {
      const { approval } = body.value;
      const asked = { approval, resolved: undefined };
      return change(calls, approval?.callId ?? "", (open) => ({ ...open, ...asked }));
    }
    case "approvalResolved": {
      const resolved = body.value;
      const callId = callOf(calls, resolved.approvalId)?.call.callId ?? "";
      return change(calls, callId, (open) => ({ ...open, resolved }));
    }
    case "toolCallFinished": {
      const { callId } = body.value;
      const openCalls = calls.openCalls.filter((open) => open.call.callId !== callId);
      return { ...calls, openCalls };
    }
    default:
      return calls;
  }
}

/** The calls after a whole message that asks for some. */
export function requestCalls(calls: Calls, step: number, parts: readonly Part[]): Calls {
  let { requested, last } = calls;
  const openCalls = parts.flatMap(({ kind, full }) => {
    if (kind.case !== "toolCall") return [];
    const call = kind.value;
    const sameAs = JSON.stringify([call.tool, full?.digest ?? call.arguments]);
    last = { sameAs, streak: sameAs === last.sameAs ? last.streak + 1 : 1 };
    const count = { number: ++requested, streak: last.streak };
    const nothing = { starts: 0, process: undefined, approval: undefined, resolved: undefined };
    return [{ call, full, step, ...nothing, ...count }];
  });
  return { openCalls, requested, last };
}

/** The open call that an approval is about. */
export function callOf({ openCalls }: Pick<Calls, "openCalls">, approvalId: string) {
  return openCalls.find(({ approval }) => approval?.id === approvalId);
}

/** True while a person is to answer. */
export function isPending({ approval, resolved }: OpenCall): boolean {
  return approval !== undefined && resolved === undefined;
}

/** True where all that is left to do waits for people. */
export function isOnlyWaiting(openCalls: readonly OpenCall[]): boolean {
  return openCalls.length > 0 && openCalls.every((open) => open.starts === 0 && isPending(open));
}

function change(calls: Calls, callId: string, make: (open: OpenCall) => OpenCall): Calls {
  const openCalls = calls.openCalls.map((open) =>
    open.call.callId === callId ? make(open) : open,
  );
  return { ...calls, openCalls };
}
