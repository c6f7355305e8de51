import { create } from "@bufbuild/protobuf";
import type { Event } from "@daphnia/protocol/event";
import {
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
} from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";

/**
 * What the model has to know: a session's events folded into messages.
 *
 * H1: the same events give the same messages.
 * H2: every call in the messages has exactly one result, in call order.
 */
export interface History {
  apply(event: Event): void;
  messages(): readonly Message[];
  /** Digest of the last request's manifest; empty before the first. */
  lastRequest(): string;
}

/** An assistant's message and the answers to its calls, which come in any order. */
interface Said {
  readonly seq: number;
  readonly message: Message;
  readonly answers: Map<string, Part>;
}

type Item = Message | Said;

export function createHistory(): History {
  const prompts = new Map<string, readonly Part[]>();
  const owners = new Map<string, Said>();
  let items: Item[] = [];
  let lastRequest = "";

  function say(event: Event, message: Message, interrupted: boolean): void {
    const parts = interrupted ? message.parts.filter(isText) : message.parts;
    const said: Said = {
      seq: Number(event.seq),
      message: { ...message, parts },
      answers: new Map(),
    };
    if (parts.length > 0) items.push(said);
    for (const { kind } of parts) {
      if (kind.case === "toolCall") owners.set(kind.value.callId, said);
    }
  }

  return {
    apply(event) {
      const { body } = event;
      switch (body.case) {
        case "promptAccepted":
          prompts.set(body.value.promptId, body.value.parts);
          break;
        case "promptWithdrawn":
          prompts.delete(body.value.promptId);
          break;
        case "promptDelivered": {
          const { promptId } = body.value;
          const parts = [...(prompts.get(promptId) ?? [])];
          items.push(create(MessageSchema, { messageId: promptId, role: Role.USER, parts }));
          prompts.delete(promptId);
          break;
        }
        case "stepStarted":
          lastRequest = body.value.request?.digest ?? lastRequest;
          break;
        case "stepRetried": {
          const superseded = Number(body.value.supersedesSeq);
          if (superseded > 0)
            items = items.filter((item) => !("seq" in item) || item.seq !== superseded);
          break;
        }
        case "messageCompleted":
          if (body.value.message) say(event, body.value.message, body.value.interrupted);
          break;
        case "toolCallFinished": {
          const { callId, status, parts } = body.value;
          const isError = status !== ToolCallStatus.OK;
          const answer = toResult(callId, parts, isError);
          owners.get(callId)?.answers.set(callId, answer);
          owners.delete(callId);
          break;
        }
      }
    },
    messages: () => items.flatMap(toMessages),
    lastRequest: () => lastRequest,
  };
}

function toMessages(item: Item): Message[] {
  if (!("seq" in item)) return [item];
  const { message, answers } = item;
  if (answers.size === 0) return [message];
  const results = message.parts.flatMap(({ kind }) => {
    const answer = kind.case === "toolCall" ? answers.get(kind.value.callId) : undefined;
    return answer === undefined ? [] : [answer];
  });
  const answered = create(MessageSchema, {
    messageId: `${message.messageId}.results`,
    role: Role.TOOL,
    parts: results,
  });
  return [message, answered];
}

function toResult(callId: string, parts: readonly Part[], isError: boolean): Part {
  const value = { callId, parts: [...parts], isError };
  return create(PartSchema, { kind: { case: "toolResult", value } });
}

/** Thinking that was cut off has no signature, and calls that were cut off never ran. */
function isText({ kind }: Part): boolean {
  return kind.case === "text" && kind.value !== "";
}
