import type { Message, Part, ToolCall } from "@daphnia/protocol/message";
import type { AssistantContent, StreamPart } from "./language-model.ts";
import { readOpaque } from "./opaque-part.ts";
import { decodeProviderData } from "./provider-data.ts";

/**
 * What the model had said, with what this provider needs back unread. Thinking
 * goes back only to whom it came from: signatures are good nowhere else.
 */
export function assistantContent(
  { parts }: Message,
  provider: string,
  idOf: (call: ToolCall) => string,
): AssistantContent[] {
  return parts.flatMap((part) => {
    if (part.kind.case === "opaque") return unnamed(readOpaque(part.kind.value, provider));
    const data = decodeProviderData(part.providerData, provider);
    const own = named(part, data !== undefined, data?.metadata !== undefined, idOf);
    if (own === undefined) return [];
    const { metadata } = data ?? {};
    return [metadata === undefined ? own : { ...own, providerOptions: metadata }];
  });
}

function named(
  { kind }: Part,
  isOurs: boolean,
  isSigned: boolean,
  idOf: (call: ToolCall) => string,
): AssistantContent | undefined {
  switch (kind.case) {
    case "text":
      if (kind.value.trim() === "" && !isSigned) return undefined;
      return { type: "text", text: kind.value };
    case "thinking":
      if (!isOurs || (kind.value === "" && !isSigned)) return undefined;
      return { type: "reasoning", text: kind.value };
    case "toolCall": {
      const { tool } = kind.value;
      const input = toInput(kind.value.arguments);
      return { type: "tool-call", toolCallId: idOf(kind.value), toolName: tool, input };
    }
    default:
      return undefined;
  }
}

/**
 * The arguments as the model wrote them. What is no JSON object becomes one that
 * keeps the text, since strict servers accept nothing else.
 */
function toInput(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return text;
  } catch {
    // Kept as text below.
  }
  return { invalid_arguments: text };
}

/** A part that the protocol has no word for, where a package takes it back. */
function unnamed(part: StreamPart | undefined): AssistantContent[] {
  switch (part?.type) {
    case "tool-call": {
      const { toolCallId, toolName, input, providerMetadata } = part;
      const call = { type: "tool-call", toolCallId, toolName, input: parsed(input) } as const;
      return [{ ...call, providerExecuted: true, ...options(providerMetadata) }];
    }
    case "tool-result": {
      const { toolCallId, toolName, result, isError, providerMetadata } = part;
      const output = { type: isError === true ? "error-json" : "json", value: result } as const;
      return [{ type: "tool-result", toolCallId, toolName, output, ...options(providerMetadata) }];
    }
    case "file":
    case "reasoning-file": {
      const { type, mediaType, data, providerMetadata } = part;
      return [{ type, mediaType, data, ...options(providerMetadata) }];
    }
    case "custom":
      return [{ type: "custom", kind: part.kind, ...options(part.providerMetadata) }];
    default:
      return [];
  }
}

type Metadata = NonNullable<AssistantContent["providerOptions"]>;

function options(metadata: Metadata | undefined): { providerOptions?: Metadata } {
  return metadata === undefined ? {} : { providerOptions: metadata };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
