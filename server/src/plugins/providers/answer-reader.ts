import type { Usage } from "@daphnia/protocol/usage";
import type { ModelPart } from "../../core/model/model.ts";
import { createBlockReader } from "./block-reader.ts";
import { countFirstUsage, countUsage } from "./count-usage.ts";
import type { FinishPart, StreamPart } from "./language-model.ts";
import { opaquePart } from "./opaque-part.ts";
import { sourcePart } from "./source-part.ts";

/** Reads one answer, part by part. */
export interface AnswerReader {
  read(part: StreamPart): Iterable<ModelPart>;
  /** What is left when the stream has ended. */
  rest(): Iterable<ModelPart>;
  /** What was told beside the words. */
  readonly told: Told;
}

export interface Told {
  /** Whether there was anything to read. */
  hasContent: boolean;
  /** What went wrong on the way; the answer may have gone on. */
  readonly errors: unknown[];
  finish: FinishPart | undefined;
  /** The tokens told so far. */
  usage: Usage | undefined;
  responseId: string | undefined;
  responseModel: string | undefined;
}

/**
 * Text, thinking and the calls that the daemon is to answer become blocks; sources
 * become parts. What the provider ran by itself, its files and parts of its own
 * kind are kept as they came, in their place, as opaque parts.
 */
export function createAnswerReader(provider: string): AnswerReader {
  const blocks = createBlockReader(provider);
  const told: Told = {
    hasContent: false,
    errors: [],
    finish: undefined,
    usage: undefined,
    responseId: undefined,
    responseModel: undefined,
  };
  const answered = new Set<string>();
  /** Calls whose input streams as bare text: it is told when it has become JSON. */
  const rawInputs = new Set<string>();

  function* readCall(part: Extract<StreamPart, { type: "tool-call" }>): Iterable<ModelPart> {
    const { toolCallId: id, toolName, input, providerMetadata } = part;
    if (part.providerExecuted === true) return yield opaquePart(part, provider);
    if (answered.has(id)) return;
    answered.add(id);
    if (!blocks.isOpen("tool_call", id)) {
      yield* blocks.startCall(id, toolName);
      yield* blocks.piece("tool_call", id, input);
    }
    // What streamed is what the model wrote; the whole is told where nothing streamed.
    const text = blocks.textOf("tool_call", id) === "" ? input : undefined;
    yield* blocks.end("tool_call", id, providerMetadata, text);
  }

  function* content(part: StreamPart): Iterable<ModelPart> {
    switch (part.type) {
      case "text-start":
        return yield* blocks.start("text", part.id, part.providerMetadata);
      case "text-delta":
        return yield* blocks.piece("text", part.id, part.delta, part.providerMetadata);
      case "text-end":
        return yield* blocks.end("text", part.id, part.providerMetadata);
      case "reasoning-start":
        return yield* blocks.start("thinking", part.id, part.providerMetadata);
      case "reasoning-delta":
        return yield* blocks.piece("thinking", part.id, part.delta, part.providerMetadata);
      case "reasoning-end":
        return yield* blocks.end("thinking", part.id, part.providerMetadata);
      case "tool-input-start":
        if (part.providerExecuted === true) return; // its `tool-call` says it all again
        if (part.inputEncoding === "text") rawInputs.add(part.id);
        return yield* blocks.startCall(part.id, part.toolName, part.providerMetadata);
      case "tool-input-delta":
        if (rawInputs.has(part.id)) return;
        return yield* blocks.piece("tool_call", part.id, part.delta, part.providerMetadata);
      case "tool-call":
        return yield* readCall(part);
      case "tool-result":
        // A preliminary result is said again by the final one.
        if (part.preliminary !== true) yield opaquePart(part, provider);
        return;
      case "source":
        return yield sourcePart(part, provider);
      case "custom":
      case "tool-approval-request":
      case "file":
      case "reasoning-file":
        return yield opaquePart(part, provider);
    }
  }

  return {
    told,
    *read(part) {
      const first = countFirstUsage(part);
      if (first !== undefined) {
        told.usage = first;
        return;
      }
      switch (part.type) {
        case "response-metadata":
          told.responseId ??= part.id;
          told.responseModel = part.modelId ?? told.responseModel;
          break;
        case "error":
          told.errors.push(part.error);
          break;
        case "finish":
          told.finish = part;
          told.usage = countUsage(part.usage) ?? told.usage;
          break;
        default:
          for (const read of content(part)) {
            told.hasContent = true;
            yield read;
          }
      }
    },
    rest: blocks.close,
  };
}
