import type { Part, Source } from "@daphnia/protocol/message";
import { argumentsText } from "./call-text.ts";
import { bytesText } from "./figures.ts";

/** Parts in words, not yet escaped. */
export function partsText(parts: readonly Part[]): string {
  return parts.map(partText).filter(Boolean).join(" ");
}

function partText({ kind, elided, full }: Part): string {
  const cut = elided > 0n ? ` [${bytesText(Number(elided))} left out here]` : "";
  switch (kind.case) {
    case "text":
      return kind.value + cut;
    case "thinking":
      return `(thinking) ${kind.value}${cut}`;
    case "toolCall":
      return `${kind.value.tool}(${argumentsText(kind.value.arguments)})${cut}`;
    case "toolResult":
      return partsText(kind.value.parts);
    case "blob": {
      const { name, mediaType, size } = kind.value;
      return `[${name || "blob"}${mediaType && `, ${mediaType}`}, ${bytesText(Number(size))}]`;
    }
    case "source":
      return sourceText(kind.value);
    case "opaque": {
      const { provider, type, data } = kind.value;
      return `[${provider}: ${type}, ${bytesText(Number(full?.size ?? data.length))}]`;
    }
    case undefined:
      return "";
  }
}

/** A Markdown link, or what is known where there is none. */
function sourceText({ url, title, fileName, sourceId }: Source): string {
  const name = title || fileName || url || sourceId || "a document";
  return url === "" ? `[source: ${name}]` : `[${name}](${url})`;
}
