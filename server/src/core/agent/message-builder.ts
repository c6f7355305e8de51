import { create } from "@bufbuild/protobuf";
import { PartKind } from "@daphnia/protocol/event";
import {
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
} from "@daphnia/protocol/message";
import type { MintId } from "../../base/ids.ts";
import type { Draft } from "../log/draft.ts";
import type { ModelPart } from "../model/model.ts";

/** Puts a message together while its draft is written. */
export interface MessageBuilder {
  add(part: Exclude<ModelPart, { kind: "request" | "finish" }>): void;
  /** The message as far as it came. */
  build(): Message;
  isEmpty(): boolean;
  /** The tokens that are known to be used so far, for a call that does not come to its end. */
  spent(): Extract<ModelPart, { kind: "usage" }> | undefined;
}

type Block = {
  readonly part: number;
  readonly of: "text" | "thinking" | "tool_call";
  readonly callId: string;
  readonly providerCallId: string;
  readonly tool: string;
  text: string;
  providerData: Uint8Array;
};

const kinds = {
  text: PartKind.TEXT,
  thinking: PartKind.THINKING,
  tool_call: PartKind.TOOL_ARGUMENTS,
} as const;

export function createMessageBuilder(draft: () => Draft, mint: MintId): MessageBuilder {
  const blocks = new Map<string, Block>();
  const parts: (Block | Part)[] = [];
  let spent: Extract<ModelPart, { kind: "usage" }> | undefined;

  function start(part: Extract<ModelPart, { kind: "start" }>): void {
    const isCall = part.of === "tool_call";
    const block: Block = {
      part: parts.length,
      of: part.of,
      callId: isCall ? mint("call") : "",
      providerCallId: isCall ? part.providerCallId : "",
      tool: isCall ? part.tool : "",
      text: "",
      providerData: new Uint8Array(),
    };
    blocks.set(part.block, block);
    parts.push(block);
    draft().start(block.part, { kind: kinds[part.of], callId: block.callId, tool: block.tool });
  }

  /** Readers of the draft are told what the pieces left out, so that they hold what is kept. */
  function complete(block: Block, text: string): void {
    if (text.startsWith(block.text)) draft().write(block.part, text.slice(block.text.length));
    block.text = text;
  }

  return {
    add(part) {
      switch (part.kind) {
        case "start":
          start(part);
          break;
        case "piece": {
          const block = blocks.get(part.block);
          if (block === undefined) break; // a provider's stray piece has no place
          block.text += part.text;
          draft().write(block.part, part.text);
          break;
        }
        case "end": {
          const block = blocks.get(part.block);
          if (block === undefined) break;
          if (part.text !== undefined) complete(block, part.text);
          if (part.providerData !== undefined) block.providerData = part.providerData;
          blocks.delete(part.block);
          break;
        }
        case "part":
          parts.push(part.part);
          break;
        case "usage":
          spent = part;
          break;
      }
    },
    build: () =>
      create(MessageSchema, {
        messageId: mint("message"),
        role: Role.ASSISTANT,
        parts: parts.map((part) => ("of" in part ? toPart(part) : part)),
      }),
    isEmpty: () => parts.length === 0,
    spent: () => spent,
  };
}

function toPart(block: Block): Part {
  const { providerData, callId, providerCallId, tool, text } = block;
  // A half of a surrogate pair at the end of a broken draft is not text.
  const whole = text.toWellFormed();
  switch (block.of) {
    case "text":
      return create(PartSchema, { kind: { case: "text", value: whole }, providerData });
    case "thinking":
      return create(PartSchema, { kind: { case: "thinking", value: whole }, providerData });
    case "tool_call":
      return create(PartSchema, {
        kind: {
          case: "toolCall",
          value: { callId, providerCallId, tool, arguments: whole },
        },
        providerData,
      });
  }
}
