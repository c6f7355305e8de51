import type { StreamPart } from "./language-model.ts";

/** Bytes of JSON up to which a part without a word of its own is kept whole. */
const longest = 64 * 1024;

/**
 * A part to keep unread. One that is too long for an event, such as a picture
 * that the model made, leaves a stub, and a notice for whoever reads the answer.
 */
export function sparePart(part: StreamPart): {
  readonly kept: StreamPart;
  readonly notice?: string;
} {
  const size = JSON.stringify(part).length;
  if (size <= longest) return { kept: part };
  const what = "mediaType" in part ? `${part.type} (${part.mediaType})` : part.type;
  const kind = "daphnia.too_long" as const;
  const kept: StreamPart = {
    type: "custom",
    kind,
    providerMetadata: { daphnia: { type: part.type, size } },
  };
  return { kept, notice: `[the model sent a ${what} of ${size} bytes, which was not kept]` };
}
