import type { Event } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { lengthOf, timeOf, wordOf } from "./event-words.ts";
import { sumOf } from "./spending.ts";
import type { CallSpan, SessionSpan } from "./trace-spans.ts";

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
}

export function createCallsFold(): CallsFold {
  const calls = new Map<string, Call>();

  function request(parts: readonly Part[], at: number): void {
    for (const { kind } of parts) {
      if (kind.case !== "toolCall") continue;
      const { callId, tool, arguments: text } = kind.value;
      const times = { startTime: at, endTime: undefined, duration: undefined };
      calls.set(callId, { callId, tool, arguments: text, status: "requested", ...times });
    }
  }

  function change(callId: string, at: number, changes: Partial<Call>): void {
    const call = calls.get(callId);
    if (call === undefined) return;
    // One that runs again began when it first ran, one that never ran when it was refused.
    if (call.status === "requested") call.startTime = at;
    Object.assign(call, changes);
  }

  return {
    add(event) {
      const { body } = event;
      const at = timeOf(event);
      switch (body.case) {
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
    spans: (now, childrenOf) =>
      [...calls.values()].map((call) => {
        const children = childrenOf(callPlace(call.callId));
        const duration = call.duration ?? Math.max(0, (call.endTime ?? now) - call.startTime);
        return { ...call, duration, spent: sumOf(children.map(({ spent }) => spent)), children };
      }),
  };
}
