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
    async getBlob({ digest, offset, limit }) {
      if (limit > mostBytes) throw invalidField("limit", `at most ${mostBytes}, got ${limit}`);
      const found = await blobs.read(digest, Number(offset), limit === 0 ? mostBytes : limit);
      if (found === undefined) throw notFound("blob", digest);
      return { data: found.bytes, size: BigInt(found.size) };
    },
  };
}
