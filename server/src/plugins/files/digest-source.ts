import { createHash } from "node:crypto";
import type { ByteSource } from "./text-page.ts";

/** A source that is read once, from its start on, and its digest. */
export interface DigestSource extends ByteSource {
  /**
   * Reads what is left, and gives the SHA-256 of just the bytes that were handed
   * out and those behind them, in lower-case hex; undefined above `most` bytes.
   */
  digest(most: number, signal: AbortSignal): Promise<string | undefined>;
}

export function createDigestSource(source: ByteSource): DigestSource {
  const hash = createHash("sha256");
  let hashed = 0;

  const read: ByteSource["read"] = async (buffer, offset, length, position) => {
    const result = await source.read(buffer, offset, length, position);
    if (position !== hashed) throw new Error(`byte ${position} was read, ${hashed} is next`);
    hash.update(buffer.subarray(offset, offset + result.bytesRead));
    hashed += result.bytesRead;
    return result;
  };

  return {
    read,
    async digest(most, signal) {
      const buffer = Buffer.allocUnsafe(64 * 1024);
      while (hashed <= most) {
        signal.throwIfAborted();
        const { bytesRead } = await read(buffer, 0, buffer.length, hashed);
        if (bytesRead === 0) return hash.digest("hex");
      }
      return undefined;
    },
  };
}
