import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import type { ToolAnswer } from "../../core/tool/tool.ts";

/** An answer of one text. */
export function textAnswer(text: string, isError: boolean): ToolAnswer {
  return { parts: [create(PartSchema, { kind: { case: "text", value: text } })], isError };
}
