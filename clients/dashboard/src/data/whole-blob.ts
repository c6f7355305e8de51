import type { Daphnia } from "@daphnia/client";
import { readBlob } from "@daphnia/client/blobs";

/** All bytes of a blob at once. */
export async function wholeBlob(
  client: Daphnia["blobs"],
  digest: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readBlob(client, digest)) pieces.push(piece);
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const piece of pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return whole;
}
