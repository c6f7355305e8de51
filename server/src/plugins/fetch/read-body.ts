import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createUnzip } from "node:zlib";

/** What was read of a body. */
export interface Body {
  readonly bytes: Buffer;
  /** Why not all of it was read; empty where all was. */
  readonly problem: string;
}

/**
 * Reads a body, unpacked, up to a limit that counts unpacked bytes: what few
 * bytes unpack to is not kept. Rejects only by the signal.
 */
export async function readBody(
  response: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Body> {
  const source = unpacked(response);
  if (typeof source === "string") {
    response.destroy();
    return { bytes: Buffer.alloc(0), problem: source };
  }
  const chunks: Buffer[] = [];
  let length = 0;
  let problem = "";
  try {
    for await (const chunk of source) {
      const bytes: Buffer = chunk.subarray(0, maxBytes - length);
      chunks.push(bytes);
      length += bytes.length;
      if (bytes.length < chunk.length) {
        problem = `there is more: the limit is ${maxBytes} bytes`;
        break;
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    problem = `the answer broke off: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    response.destroy();
  }
  return { bytes: Buffer.concat(chunks), problem };
}

/** The body as it was before it was packed; or why that cannot be had. */
function unpacked(response: IncomingMessage): Readable | string {
  const encoding = (response.headers["content-encoding"] ?? "").trim().toLowerCase();
  switch (encoding) {
    case "":
    case "identity":
      return response;
    case "gzip":
    case "x-gzip":
    case "deflate":
      return through(response, createUnzip());
    case "br":
      return through(response, createBrotliDecompress());
    default:
      return `it is packed as ${JSON.stringify(encoding.slice(0, 40))}, which cannot be read`;
  }
}

function through(response: IncomingMessage, unpacking: ReturnType<typeof createUnzip>): Readable {
  // A failure of either ends both, and is met by who reads.
  pipeline(response, unpacking, () => {});
  return unpacking;
}
