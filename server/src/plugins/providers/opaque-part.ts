import { create } from "@bufbuild/protobuf";
import { type Opaque, PartSchema } from "@daphnia/protocol/message";
import type { ModelPart } from "../../core/model/model.ts";
import type { StreamPart } from "./language-model.ts";

/** A part that the protocol has no word for: kept as JSON, for the provider that sent it. */
export function opaquePart(part: StreamPart, provider: string): ModelPart {
  const data = new TextEncoder().encode(JSON.stringify(part, withBase64));
  const kind = { case: "opaque", value: { provider, type: typeOf(part), data } } as const;
  return { kind: "part", part: create(PartSchema, { kind }) };
}

/** The part as it came, or undefined where it is another provider's. */
export function readOpaque({ provider, data }: Opaque, reader: string): StreamPart | undefined {
  if (provider !== reader) return undefined;
  // This adapter is the only one who writes under this name.
  return JSON.parse(new TextDecoder().decode(data)) as StreamPart;
}

function typeOf(part: StreamPart): string {
  switch (part.type) {
    case "tool-call":
    case "tool-result":
      return `${part.type} ${part.toolName}`;
    case "file":
    case "reasoning-file":
      return `${part.type} ${part.mediaType}`;
    case "custom":
      return part.kind;
    default:
      return part.type;
  }
}

/** Bytes as base64, which is how the packages take them too. */
function withBase64(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
