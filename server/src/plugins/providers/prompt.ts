import { type Message, Role, type ToolCall } from "@daphnia/protocol/message";
import type { ModelRequest } from "../../core/model/model.ts";
import { assistantContent } from "./assistant-content.ts";
import { toAttachment } from "./attachment.ts";
import type { DialectTraits } from "./dialect-traits.ts";
import type { Prompt, PromptMessage, ToolContent, UserContent } from "./language-model.ts";
import { toToolOutput } from "./tool-output.ts";

/**
 * A request as the packages take it.
 *
 * P1: the same request gives the same prompt, and more messages at its end
 * change nothing before them, but that messages of one role that follow each
 * other become one.
 * P2: text without a letter in it and messages without a part are left out;
 * several providers refuse them.
 */
export async function toPrompt(
  { system, messages, blob }: ModelRequest,
  provider: string,
  traits: DialectTraits,
): Promise<Prompt> {
  const prompt: Prompt = system === "" ? [] : [{ role: "system", content: system }];
  const calls = callsOf(messages);
  for (const message of messages) {
    switch (message.role) {
      case Role.USER:
        append(prompt, { role: "user", content: await userContent(message, traits, blob) });
        break;
      case Role.ASSISTANT: {
        const content = assistantContent(message, provider, (call) => idOf(call, traits));
        append(prompt, { role: "assistant", content });
        break;
      }
      case Role.TOOL:
        append(prompt, { role: "tool", content: await toolContent(message, calls, traits, blob) });
        break;
      case Role.UNSPECIFIED:
        break;
    }
  }
  return prompt;
}

function append(prompt: Prompt, message: Exclude<PromptMessage, { role: "system" }>): void {
  if (message.content.length === 0) return;
  const last = prompt.at(-1);
  if (last?.role === "user" && message.role === "user") last.content.push(...message.content);
  else if (last?.role === "tool" && message.role === "tool") last.content.push(...message.content);
  else if (last?.role === "assistant" && message.role === "assistant")
    last.content.push(...message.content);
  else prompt.push(message);
}

type ReadBlob = ModelRequest["blob"];

async function userContent(
  { parts }: Message,
  { files }: DialectTraits,
  read: ReadBlob,
): Promise<UserContent[]> {
  const content: UserContent[] = [];
  for (const { kind } of parts) {
    if (kind.case === "text" && kind.value.trim() !== "")
      content.push({ type: "text", text: kind.value });
    if (kind.case === "blob") content.push(await toAttachment(kind.value, files, read));
  }
  return content;
}

async function toolContent(
  { parts }: Message,
  calls: ReadonlyMap<string, ToolCall>,
  traits: DialectTraits,
  read: ReadBlob,
): Promise<ToolContent[]> {
  const content: ToolContent[] = [];
  for (const { kind } of parts) {
    const call = kind.case === "toolResult" ? calls.get(kind.value.callId) : undefined;
    if (kind.case !== "toolResult" || call === undefined) continue;
    const output = await toToolOutput(kind.value, traits.resultFiles, read);
    const toolCallId = idOf(call, traits);
    content.push({ type: "tool-result", toolCallId, toolName: call.tool, output });
  }
  return content;
}

function callsOf(messages: readonly Message[]): ReadonlyMap<string, ToolCall> {
  const calls = messages.flatMap(({ parts }) =>
    parts.flatMap(({ kind }) => (kind.case === "toolCall" ? [kind.value] : [])),
  );
  return new Map(calls.map((call) => [call.callId, call]));
}

/** The provider's own id; ours where another provider's would be refused. */
function idOf({ callId, providerCallId }: ToolCall, traits: DialectTraits): string {
  return providerCallId !== "" && traits.callId.test(providerCallId) ? providerCallId : callId;
}
