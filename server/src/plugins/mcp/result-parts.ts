import { create } from "@bufbuild/protobuf";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/client";
import type { Attachment } from "../../core/tool/tool.ts";

/** What a component answered, as parts of a result. */
export interface ResultParts {
  readonly parts: readonly Part[];
  readonly attachments: readonly Attachment[];
}

/** Every kind of content is kept; what is structured is told where no text says it. */
export function partsOf({ content, structuredContent }: CallToolResult): ResultParts {
  const parts: Part[] = [];
  const attachments: Attachment[] = [];
  for (const block of content) add(block, parts, attachments);
  if (structuredContent !== undefined && parts.length === 0) {
    parts.push(text(JSON.stringify(structuredContent)));
  }
  if (parts.length === 0 && attachments.length === 0) parts.push(text("(it answered nothing)"));
  return { parts, attachments };
}

function add(block: ContentBlock, parts: Part[], attachments: Attachment[]): void {
  switch (block.type) {
    case "text":
      parts.push(text(block.text));
      break;
    case "image":
    case "audio":
      attachments.push(bytesOf(block.data, block.mimeType, ""));
      break;
    case "resource_link":
      parts.push(text(`[${block.name}](${block.uri})`));
      break;
    case "resource": {
      const { resource } = block;
      if ("text" in resource) parts.push(text(`${resource.uri}:\n${resource.text}`));
      else {
        const type = resource.mimeType ?? "application/octet-stream";
        attachments.push(bytesOf(resource.blob, type, nameOf(resource.uri)));
      }
      break;
    }
  }
}

function bytesOf(base64: string, mediaType: string, name: string): Attachment {
  return { bytes: Buffer.from(base64, "base64"), mediaType, name };
}

function nameOf(uri: string): string {
  return uri.slice(uri.lastIndexOf("/") + 1).slice(0, 200);
}

function text(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}
