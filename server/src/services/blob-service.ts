import type { ServiceImpl } from "@connectrpc/connect";
import type { BlobService } from "@daphnia/protocol/blob_service";
import { invalidField, notFound } from "../base/errors.ts";
import type { BlobStore } from "../core/log/blob-store.ts";

const mostBytes = 1024 * 1024;

export function blobService(blobs: BlobStore): ServiceImpl<typeof BlobService> {
  return {
    async putBlob({ uploadId, offset, data, last, mediaType, name }) {
      if (data.length > mostBytes) {
        throw invalidField("data", `at most ${mostBytes} bytes a piece, got ${data.length}`);
      }
      const { size, digest } = await blobs.upload(uploadId, Number(offset), data, last);
      if (digest === undefined) return { size: BigInt(size) };
      return { size: BigInt(size), blob: { digest, size: BigInt(size), mediaType, name } };
    },
    async getBlob({ digest, draftId, offset, limit }) {
      if ((digest === "") === (draftId === "")) {
        throw invalidField("digest", "give either a digest or a draft_id, and not both");
      }
      if (limit > mostBytes) throw invalidField("limit", `at most ${mostBytes}, got ${limit}`);
      const from = Number(offset);
      const most = limit === 0 ? mostBytes : limit;
      const found = await (digest === ""
        ? blobs.readOutput(draftId, from, most)
        : blobs.read(digest, from, most));
      if (found === undefined) {
        throw digest === ""
          ? notFound("output of a running call", draftId)
          : notFound("blob", digest);
      }
      return { data: found.bytes, size: BigInt(found.size) };
    },
  };
}
