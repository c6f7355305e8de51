import type { ToolResult } from "@daphnia/protocol/message";
import { toAttachment } from "./attachment.ts";
import type { ToolOutput, ToolOutputContent } from "./language-model.ts";

/** What a tool answered: one text where it is only text, else its pieces in order. */
export async function toToolOutput(
  result: ToolResult,
  accepted: RegExp,
  read: (digest: string) => Promise<Uint8Array>,
): Promise<ToolOutput> {
  const value: ToolOutputContent[] = [];
  for (const { kind } of result.parts) {
    if (kind.case === "text") value.push({ type: "text", text: kind.value });
    if (kind.case === "blob") value.push(await toAttachment(kind.value, accepted, read));
  }
  const texts = value.flatMap((piece) => (piece.type === "text" ? [piece.text] : []));
  if (texts.length < value.length) return { type: "content", value };
  return { type: result.isError ? "error-text" : "text", value: texts.join("\n") };
}
