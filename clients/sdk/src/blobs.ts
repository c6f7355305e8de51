import type { Client } from "@connectrpc/connect";
import type { Blob } from "@daphnia/protocol/blob";
import type { BlobService } from "@daphnia/protocol/blob_service";
import { mintUuid } from "./mint-uuid.ts";

/** Bytes that one call carries at most. */
const mostBytes = 1024 * 1024;

/** Uploads bytes that come in chunks of any size. Name it in a prompt within a day, or it goes. */
export async function uploadBlob(
  client: Client<typeof BlobService>,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  about: { readonly mediaType?: string; readonly name?: string } = {},
): Promise<Blob> {
  const uploadId = `upload-${mintUuid()}`;
  let offset = 0;
  let held: Uint8Array = new Uint8Array();
  const put = async (data: Uint8Array, last: boolean) => {
    const answer = await client.putBlob({
      uploadId,
      offset: BigInt(offset),
      data,
      last,
      ...(last && about),
    });
    offset += data.length;
    return answer.blob;
  };
  for await (const chunk of source) {
    held = joined(held, chunk);
    for (; held.length > mostBytes; held = held.subarray(mostBytes)) {
      await put(held.subarray(0, mostBytes), false);
    }
  }
  const blob = await put(held, true);
  if (blob === undefined) throw new Error("the daemon answered the last piece without a blob");
  return blob;
}

/** The bytes of a blob, piece by piece. */
export async function* readBlob(
  client: Client<typeof BlobService>,
  digest: string,
): AsyncGenerator<Uint8Array, void, void> {
  for (let offset = 0n; ; ) {
    const { data, size } = await client.getBlob({ digest, offset });
    if (data.length > 0) yield data;
    offset += BigInt(data.length);
    if (offset >= size || data.length === 0) return;
  }
}

/** The whole of a blob that is text. */
export async function readTextBlob(
  client: Client<typeof BlobService>,
  digest: string,
): Promise<string> {
  // A mark at the start is part of the text.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for await (const bytes of readBlob(client, digest))
    text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
