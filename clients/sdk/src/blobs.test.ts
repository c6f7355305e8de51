import assert from "node:assert/strict";
import { it } from "node:test";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { BlobService } from "@daphnia/protocol/blob_service";
import { readBlob, readTextBlob, uploadBlob } from "./blobs.ts";

const most = 1024 * 1024;

/** Keeps one upload, and gives it back in pieces of at most 1 MiB. */
function createFakeBlobs() {
  const pieces: { offset: bigint; bytes: number; last: boolean }[] = [];
  let held = Buffer.alloc(0);
  const transport = createRouterTransport(({ service }) => {
    service(BlobService, {
      putBlob({ offset, data, last, name, mediaType }) {
        pieces.push({ offset, bytes: data.length, last });
        held = Buffer.concat([held, data]);
        const size = BigInt(held.length);
        return last ? { size, blob: { digest: "d", size, name, mediaType } } : { size };
      },
      getBlob: ({ offset }) => ({
        data: held.subarray(Number(offset), Number(offset) + most),
        size: BigInt(held.length),
      }),
    });
  });
  return { client: createClient(BlobService, transport), pieces };
}

it("uploads in pieces that a call can carry, and reads them back", async () => {
  const { client, pieces } = createFakeBlobs();
  const bytes = Buffer.alloc(2 * most + 10, "x");
  const chunks = [bytes.subarray(0, 10), bytes.subarray(10)];
  const blob = await uploadBlob(client, chunks, { name: "x.txt", mediaType: "text/plain" });
  assert.deepEqual(
    [blob.size, blob.name, blob.mediaType],
    [BigInt(bytes.length), "x.txt", "text/plain"],
  );
  assert.deepEqual(pieces, [
    { offset: 0n, bytes: most, last: false },
    { offset: BigInt(most), bytes: most, last: false },
    { offset: BigInt(2 * most), bytes: 10, last: true },
  ]);
  const read = [];
  for await (const piece of readBlob(client, "d")) read.push(piece);
  assert.ok(Buffer.concat(read).equals(bytes));
});

it("uploads nothing as an empty blob", async () => {
  const { client, pieces } = createFakeBlobs();
  await uploadBlob(client, []);
  assert.deepEqual(pieces, [{ offset: 0n, bytes: 0, last: true }]);
});

it("reads a text as it is, a mark at its start and characters across pieces too", async () => {
  const { client } = createFakeBlobs();
  const text = `\uFEFF${"é".repeat(most)}`;
  await uploadBlob(client, [new TextEncoder().encode(text)]);
  assert.ok((await readTextBlob(client, "d")) === text);
});
