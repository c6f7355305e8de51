import type { Event } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { lengthOf, timeOf, wordOf } from "./event-words.ts";
import { sumOf } from "./spending.ts";
import type { CallSpan, SessionSpan, TimeSpan } from "./trace-spans.ts";

/** The sessions that events of a place made happen, such as those of one call. */
export type ChildrenOf = (place: string) => readonly SessionSpan[];

/** The place of a call's events. */
export const callPlace = (callId: string): string => `call ${callId}`;

/** The tool calls of one step, as far as its events tell them. */
export interface CallsFold {
  add(event: Event): void;
  spans(now: number, childrenOf: ChildrenOf): CallSpan[];
}

interface Call {
  readonly callId: string;
  readonly tool: string;
  readonly arguments: string;
  status: string;
  startTime: number;
  endTime: number | undefined;
  duration: number | undefined;
  readonly waits: { readonly startTime: number; endTime: number | undefined }[];
}

export function createCallsFold(): CallsFold {
  const calls = new Map<string, Call>();
  /** The call that each approval is about. */
  const waiting = new Map<string, Call>();

  function request(parts: readonly Part[], at: number): void {
    for (const { kind } of parts) {
      if (kind.case !== "toolCall") continue;
      const { callId, tool, arguments: text } = kind.value;
      const times = { startTime: at, endTime: undefined, duration: undefined, waits: [] };
      calls.set(callId, { callId, tool, arguments: text, status: "requested", ...times });
    }
  }

  function change(callId: string, at: number, changes: Partial<Call>): void {
    const call = calls.get(callId);
    if (call === undefined) return;
    endWait(call, at);
    // One that runs again began when it first ran, one that never ran when it was refused.
    if (call.status === "requested") call.startTime = at;
    Object.assign(call, changes);
  }

  function wait({ id, callId }: { id: string; callId: string }, at: number): void {
    const call = calls.get(callId);
    if (call === undefined) return;
    waiting.set(id, call);
    call.waits.push({ startTime: at, endTime: undefined });
  }

  function endWait({ waits }: Call, at: number): void {
    const last = waits.at(-1);
    if (last !== undefined) last.endTime ??= at;
  }

  return {
    add(event) {
      const { body } = event;
      const at = timeOf(event);
      switch (body.case) {
        case "approvalRequested":
          if (body.value.approval) wait(body.value.approval, at);
          break;
        case "approvalResolved": {
          const call = waiting.get(body.value.approvalId);
          if (call !== undefined) endWait(call, at);
          waiting.delete(body.value.approvalId);
          break;
        }
        case "messageCompleted":
          if (!body.value.interrupted) request(body.value.message?.parts ?? [], at);
          break;
        case "toolCallStarted":
          change(body.value.callId, at, { status: "running" });
          break;
        case "toolCallFinished": {
          const { callId, status, duration } = body.value;
          const end = { endTime: at, duration: lengthOf(duration) };
          change(callId, at, { status: wordOf(ToolCallStatus, status), ...end });
          break;
        }
      }
    },
    spans: (now, childrenOf) => [...calls.values()].map((call) => spanOf(call, now, childrenOf)),
  };
}

function spanOf(call: Call, now: number, childrenOf: ChildrenOf): CallSpan {
  const children = childrenOf(callPlace(call.callId));
  const waits = call.waits.map((wait): TimeSpan => {
    const duration = Math.max(0, (wait.endTime ?? now) - wait.startTime);
    return { ...wait, duration };
  });
  const isWaiting = waits.at(-1) !== undefined && waits.at(-1)?.endTime === undefined;
  const isBegun = call.status !== "requested";
  return {
    ...call,
    status: isWaiting ? "waiting" : call.status,
    // One that waits before it begins has taken no time of its own.
    startTime: isWaiting && !isBegun ? now : call.startTime,
    duration:
      call.duration ??
      (isWaiting && !isBegun ? 0 : Math.max(0, (call.endTime ?? now) - call.startTime)),
    waited: waits.reduce((sum, { duration }) => sum + duration, 0),
    waits,
    spent: sumOf(children.map(({ spent }) => spent)),
    children,
  };
}
