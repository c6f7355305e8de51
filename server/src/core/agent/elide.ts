import { create } from "@bufbuild/protobuf";
import { BlobSchema } from "@daphnia/protocol/blob";
import type { Part } from "@daphnia/protocol/message";
import type { BlobStore, PreparedBlob } from "../log/blob-store.ts";

/** A text over this many bytes keeps only its ends in the event. */
const longest = 64 * 1024;
const end = 8 * 1024;

const encoder = new TextEncoder();
// A mark at the start is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Moves long texts into blobs. The parts that stay fit into an event. */
export async function elide(
  parts: readonly Part[],
  blobs: BlobStore,
): Promise<{ readonly parts: Part[]; readonly blobs: PreparedBlob[] }> {
  const prepared: PreparedBlob[] = [];
  const short: Part[] = [];
  for (const part of parts) {
    const { kind } = part;
    const text = kind.case === "text" || kind.case === "thinking" ? kind.value : "";
    const bytes = text.length * 3 > longest ? encoder.encode(text) : undefined;
    if (bytes === undefined || bytes.length <= longest) {
      short.push(part);
      continue;
    }
    const blob = await blobs.prepare(bytes);
    prepared.push(blob);
    const head = decoder.decode(bytes.subarray(0, codePointBefore(bytes, end)));
    const tail = decoder.decode(bytes.subarray(codePointAfter(bytes, bytes.length - end)));
    const kept = encoder.encode(head).length + encoder.encode(tail).length;
    short.push({
      ...part,
      kind: { case: kind.case === "thinking" ? "thinking" : "text", value: head + tail },
      full: create(BlobSchema, {
        digest: blob.digest,
        size: BigInt(blob.size),
        mediaType: "text/plain; charset=utf-8",
      }),
      elided: BigInt(bytes.length - kept),
    });
  }
  return { parts: short, blobs: prepared };
}

/** The parts with their whole texts, as a model reads them. */
export function restore(
  parts: readonly Part[],
  read: (digest: string) => Promise<Uint8Array>,
): Promise<Part[]> {
  return Promise.all(
    parts.map(async (part) => {
      const { kind, full } = part;
      if (full === undefined || (kind.case !== "text" && kind.case !== "thinking")) return part;
      const value = decoder.decode(await read(full.digest));
      return { ...part, kind: { case: kind.case, value }, full: undefined, elided: 0n } as Part; // protobuf-es reads an absent message as undefined
    }),
  );
}

function codePointBefore(bytes: Uint8Array, at: number): number {
  let cut = at;
  while (cut > 0 && isInside(bytes[cut])) cut--;
  return cut;
}

function codePointAfter(bytes: Uint8Array, at: number): number {
  let cut = at;
  while (cut < bytes.length && isInside(bytes[cut])) cut++;
  return cut;
}

/** A continuation byte of UTF-8. */
function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
