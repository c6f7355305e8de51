import { create } from "@bufbuild/protobuf";
import {
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
} from "@daphnia/protocol/message";
import { type Tool, ToolSchema } from "@daphnia/protocol/tool";
import type { ModelRequest } from "../../../core/model/model.ts";

/** A request with this and nothing else in it. */
export function requestOf(
  messages: readonly Message[],
  more: Partial<ModelRequest> = {},
): ModelRequest {
  const blob = (digest: string) => Promise.reject(new Error(`there is no blob ${digest}`));
  return { system: "You are a test.", tools: [weatherTool], blob, ...more, messages };
}

export function user(...texts: string[]): Message {
  return message(
    Role.USER,
    texts.map((value) => text(value)),
  );
}

export function assistant(...parts: Part[]): Message {
  return message(Role.ASSISTANT, parts);
}

export function results(
  ...answers: { callId: string; said: string; isError?: boolean }[]
): Message {
  return message(
    Role.TOOL,
    answers.map(({ callId, said, isError = false }) =>
      create(PartSchema, {
        kind: { case: "toolResult", value: { callId, isError, parts: [text(said)] } },
      }),
    ),
  );
}

export function message(role: Role, parts: readonly Part[]): Message {
  return create(MessageSchema, { messageId: "m", role, parts: [...parts] });
}

export function text(value: string, providerData: Uint8Array = new Uint8Array()): Part {
  return create(PartSchema, { kind: { case: "text", value }, providerData });
}

export function thinking(value: string, providerData: Uint8Array = new Uint8Array()): Part {
  return create(PartSchema, { kind: { case: "thinking", value }, providerData });
}

export function call(value: {
  callId: string;
  providerCallId?: string;
  tool: string;
  arguments: string;
}): Part {
  return create(PartSchema, { kind: { case: "toolCall", value } });
}

export const weatherTool: Tool = create(ToolSchema, {
  name: "get_weather",
  description: "Tells the weather of a city.",
  parameters: JSON.stringify({
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  }),
  readOnly: true,
});
