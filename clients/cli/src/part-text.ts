import type { Part } from "@daphnia/protocol/message";
import { argumentsText } from "./call-text.ts";
import { bytesText } from "./figures.ts";

/** Parts in words, not yet escaped. */
export function partsText(parts: readonly Part[]): string {
  return parts.map(partText).filter(Boolean).join(" ");
}

function partText({ kind, elided }: Part): string {
  const cut = elided > 0n ? ` [${bytesText(Number(elided))} left out here]` : "";
  switch (kind.case) {
    case "text":
      return kind.value + cut;
    case "thinking":
      return `(thinking) ${kind.value}${cut}`;
    case "toolCall":
      return `${kind.value.tool}(${argumentsText(kind.value.arguments)})`;
    case "toolResult":
      return partsText(kind.value.parts);
    case "blob": {
      const { name, mediaType, size } = kind.value;
      return `[${name || "blob"}${mediaType && `, ${mediaType}`}, ${bytesText(Number(size))}]`;
    }
    case undefined:
      return "";
  }
}
