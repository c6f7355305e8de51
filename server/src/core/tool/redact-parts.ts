import { create } from "@bufbuild/protobuf";
import {
  OpaqueSchema,
  type Part,
  PartSchema,
  SourceSchema,
  ToolCallSchema,
  ToolResultSchema,
} from "@daphnia/protocol/message";
import type { Redactor } from "../../base/redact.ts";

/** Parts without secrets. What only a digest names, and what a provider needs unread, stays. */
export function redactParts(parts: readonly Part[], redactor: Redactor): Part[] {
  return parts.map((part) => {
    const { kind } = part;
    const clean = redactKind(kind, redactor);
    return clean === kind ? part : create(PartSchema, { ...part, kind: clean });
  });
}

function redactKind(kind: Part["kind"], redactor: Redactor): Part["kind"] {
  const { text } = redactor;
  switch (kind.case) {
    case "text":
    case "thinking": {
      const value = text(kind.value);
      return value === kind.value ? kind : { case: kind.case, value };
    }
    case "toolCall": {
      const call = { ...kind.value, arguments: text(kind.value.arguments) };
      return { case: kind.case, value: create(ToolCallSchema, call) };
    }
    case "toolResult": {
      const result = { ...kind.value, parts: redactParts(kind.value.parts, redactor) };
      return { case: kind.case, value: create(ToolResultSchema, result) };
    }
    case "source": {
      const { url, title, fileName } = kind.value;
      const source = {
        ...kind.value,
        ...{ url: text(url), title: text(title), fileName: text(fileName) },
      };
      return { case: kind.case, value: create(SourceSchema, source) };
    }
    case "opaque": {
      const opaque = { ...kind.value, data: redactor.bytes(kind.value.data) };
      return { case: kind.case, value: create(OpaqueSchema, opaque) };
    }
    case "blob":
    case undefined:
      return kind;
  }
}
