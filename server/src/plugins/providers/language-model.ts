import type { AnthropicProvider } from "@ai-sdk/anthropic";

// The packages' common interface, by way of one of them: the only file that
// names a version of it. Types only, nothing is loaded.

/** One model of one of the packages. */
export type LanguageModel = ReturnType<AnthropicProvider["languageModel"]>;

export type CallOptions = Parameters<LanguageModel["doStream"]>[0];
export type Prompt = CallOptions["prompt"];
export type PromptMessage = Prompt[number];
export type PromptTool = Extract<NonNullable<CallOptions["tools"]>[number], { type: "function" }>;
export type UserContent = Extract<PromptMessage, { role: "user" }>["content"][number];
export type AssistantContent = Extract<PromptMessage, { role: "assistant" }>["content"][number];
export type ToolContent = Extract<PromptMessage, { role: "tool" }>["content"][number];
export type ToolOutput = Extract<ToolContent, { type: "tool-result" }>["output"];
export type ToolOutputContent = Extract<ToolOutput, { type: "content" }>["value"][number];

/** What a package tells of a provider beside the words, by the package's name. */
export type ProviderMetadata = NonNullable<PromptMessage["providerOptions"]>;
export type MetadataValue = ProviderMetadata[string];

export type StreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends AsyncIterable<infer Part>
    ? Part
    : never;
export type FinishPart = Extract<StreamPart, { type: "finish" }>;
export type TokenCounts = FinishPart["usage"];
