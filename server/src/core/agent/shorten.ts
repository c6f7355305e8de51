import { create } from "@bufbuild/protobuf";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import type { BlobStore, PreparedBlob } from "../log/blob-store.ts";
import { bytesOf, endsOf } from "./part-bytes.ts";

/** Bytes of a text that a model reads whole; of a longer one it reads both ends. */
export const longestRead = 48 * 1024;

/** A result as its model reads it. */
export interface Shortened {
  readonly parts: readonly Part[];
  /** The whole of each text that was cut, in order. */
  readonly blobs: readonly PreparedBlob[];
}

/**
 * Cuts the texts of a result that are longer than a model should read at once. What
 * stays says how much is missing, and how to read that.
 */
export async function shorten(parts: readonly Part[], store: BlobStore): Promise<Shortened> {
  const blobs: PreparedBlob[] = [];
  const short: Part[] = [];
  for (const part of parts) {
    const long = part.kind.case === "text" ? bytesOf(part, longestRead) : undefined;
    if (long === undefined) {
      short.push(part);
      continue;
    }
    const blob = await store.prepare(long.bytes);
    blobs.push(blob);
    const { head, tail } = endsOf(long, longestRead / 2);
    const out = long.bytes.length - head.length - tail.length;
    const note = `\n[… ${out} bytes are left out here. ${whereToRead(blob)} …]\n`;
    const value = decoder.decode(head) + note + decoder.decode(tail);
    short.push(create(PartSchema, { kind: { case: "text", value } }));
  }
  return { parts: short, blobs };
}

/** How a model reads what it was not shown, in words for it. */
export function whereToRead({ digest }: PreparedBlob): string {
  return `All of it can be read page by page, with the path "blob:${digest}"`;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
