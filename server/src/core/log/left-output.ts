import type { BlobStore, PreparedBlob } from "./blob-store.ts";

/** How much of its end is told in words, in bytes. */
const told = 4096;

/** What a call had printed when the daemon died. */
export interface LeftOutput {
  readonly blob: PreparedBlob;
  /** Its last 4 KiB, for the words that answer the call. */
  readonly tail: string;
}

/**
 * Settles the output that a dead daemon left of a call: its blob is to be named by
 * the call's end, which has the call's id in `settles`. Undefined where it printed nothing.
 */
export async function settleLeftOutput(
  callId: string,
  { blobs }: { readonly blobs: BlobStore },
): Promise<LeftOutput | undefined> {
  const blob = await blobs.leftOutput(callId);
  if (blob === undefined) return undefined;
  const from = Math.max(0, blob.size - told);
  const end = await endOf(callId, from, blob, blobs);
  // Bytes may be of any sort; only a code point that this cut began inside is left out.
  const cut =
    from === 0
      ? 0
      : Math.max(
          0,
          end.findIndex((byte) => (byte & 0xc0) !== 0x80),
        );
  return { blob, tail: new TextDecoder().decode(end.subarray(Math.min(cut, 3))) };
}

async function endOf(callId: string, from: number, blob: PreparedBlob, blobs: BlobStore) {
  if (blob.bytes !== undefined) return blob.bytes.subarray(from);
  const found = await blobs.readOutput(callId, from, told);
  return found?.bytes ?? new Uint8Array(); // moved to its digest already, not visible yet
}
