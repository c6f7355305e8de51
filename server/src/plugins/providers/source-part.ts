import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import type { ModelPart } from "../../core/model/model.ts";
import type { StreamPart } from "./language-model.ts";
import { encodeProviderData } from "./provider-data.ts";

/** A page or document that the answer refers to. What else is said of it is kept unread. */
export function sourcePart(
  source: Extract<StreamPart, { type: "source" }>,
  provider: string,
): ModelPart {
  const { providerMetadata: metadata } = source;
  const providerData = metadata && encodeProviderData({ provider, metadata });
  const part = create(PartSchema, {
    kind: { case: "source", value: fieldsOf(source) },
    ...(providerData && { providerData }),
  });
  return { kind: "part", part };
}

function fieldsOf(source: Extract<StreamPart, { type: "source" }>) {
  const { id: sourceId, title = "" } = source;
  switch (source.sourceType) {
    case "url":
      return { sourceId, title, url: source.url };
    case "document":
      return { sourceId, title, mediaType: source.mediaType, fileName: source.filename ?? "" };
  }
}
