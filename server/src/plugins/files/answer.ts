import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import type { ToolAnswer } from "../../core/tool/tool.ts";

/** What was asked for, as one text. */
export function answer(text: string): ToolAnswer {
  return answerOf(text, false);
}

/** What went wrong, in words that a model can act on. */
export function failure(text: string): ToolAnswer {
  return answerOf(text, true);
}

function answerOf(text: string, isError: boolean): ToolAnswer {
  return { parts: [create(PartSchema, { kind: { case: "text", value: text } })], isError };
}
