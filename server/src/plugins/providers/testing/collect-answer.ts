import { create } from "@bufbuild/protobuf";
import {
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
} from "@daphnia/protocol/message";
import type { Model, ModelPart, ModelRequest } from "../../../core/model/model.ts";
import { ModelError } from "../../../core/model/model-error.ts";

/** Everything that one call came to. */
export interface Answer {
  readonly parts: readonly ModelPart[];
  /** The body that the model was about to send. */
  readonly body: Uint8Array;
  /** What was said, as a turn would keep it; calls are named `call-1` and so on. */
  readonly message: Message;
  readonly finish: Extract<ModelPart, { kind: "finish" }> | undefined;
  /** The tokens that were told last, before the end. */
  readonly spent: Extract<ModelPart, { kind: "usage" }> | undefined;
  readonly error: ModelError | undefined;
}

/** Reads a call to its end, good or bad. Only a ModelError is an end. */
export async function collectAnswer(
  model: Model,
  request: ModelRequest,
  signal = new AbortController().signal,
): Promise<Answer> {
  const parts: ModelPart[] = [];
  let error: ModelError | undefined;
  try {
    for await (const part of model.stream(request, signal)) parts.push(part);
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    error = thrown;
  }
  const [first] = parts;
  const finish = parts.find((part) => part.kind === "finish");
  const body = first?.kind === "request" ? first.body : new Uint8Array();
  const spent = parts.findLast((part) => part.kind === "usage");
  return { parts, body, message: assemble(parts), finish, spent, error };
}

type Start = Extract<ModelPart, { kind: "start" }>;

interface Open {
  readonly start: Start;
  readonly at: number;
  text: string;
}

function assemble(parts: readonly ModelPart[]): Message {
  const said: Part[] = [];
  const blocks = new Map<string, Open>();
  const open = (block: string): Open => {
    const found = blocks.get(block);
    if (found === undefined) throw new Error(`"${block}" is not open`);
    return found;
  };
  for (const part of parts) {
    switch (part.kind) {
      case "start":
        blocks.set(part.block, { start: part, at: said.length, text: "" });
        said.push(toPart(part, "", said.length));
        break;
      case "piece": {
        const block = open(part.block);
        block.text += part.text;
        said[block.at] = toPart(block.start, block.text, block.at);
        break;
      }
      case "end": {
        const { start, at, text } = open(part.block);
        said[at] = toPart(start, part.text ?? text, at, part.providerData);
        blocks.delete(part.block);
        break;
      }
      case "part":
        said.push(part.part);
        break;
      case "request":
      case "usage":
      case "finish":
        break;
    }
  }
  return create(MessageSchema, { messageId: "answer", role: Role.ASSISTANT, parts: said });
}

function toPart(start: Start, text: string, at: number, data?: Uint8Array): Part {
  const providerData = data ?? new Uint8Array();
  switch (start.of) {
    case "text":
      return create(PartSchema, { kind: { case: "text", value: text }, providerData });
    case "thinking":
      return create(PartSchema, { kind: { case: "thinking", value: text }, providerData });
    case "tool_call": {
      const { providerCallId, tool } = start;
      const value = { callId: `call-${at}`, providerCallId, tool, arguments: text };
      return create(PartSchema, { kind: { case: "toolCall", value }, providerData });
    }
  }
}
