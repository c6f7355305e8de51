import { Code, ConnectError } from "@connectrpc/connect";
import type { compressionGzip, universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import { edgeError } from "../../services/error-interceptor.ts";

type UniversalRequest = ReturnType<typeof universalRequestFromNodeRequest>;
type Compression = typeof compressionGzip;

/**
 * Refuses messages that are too long, and says so as every error of ours does.
 * The RPC library has the same limit, but what it throws names neither a reason
 * nor the limit, and no interceptor sees it.
 */
export interface MessageLimit {
  /** The same request, the reading of which fails where a message of it is too long. */
  guard(request: UniversalRequest): UniversalRequest;
  /** The same compression, that tells of a message which only unpacked is too long. */
  unpack(compression: Compression): Compression;
}

/**
 * What is too long is read, and dropped, up to so many times the limit: who still
 * sends over HTTP/1.1 when the answer comes, and the connection closes, may never
 * see the answer.
 */
const patience = 16;

export function createMessageLimit(most: number): MessageLimit {
  return {
    guard(request) {
      const { body } = request;
      if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) {
        return request;
      }
      if (!isBare(request.header)) return { ...request, body: framed(body, most) };
      // By its length alone the library would refuse it, before it reads anything.
      const header = new Headers(request.header);
      if (Number(header.get("content-length") ?? 0) > most) header.delete("content-length");
      return { ...request, header, body: bare(body, most) };
    },
    unpack: (compression) => ({
      ...compression,
      async decompress(bytes, readMaxBytes) {
        try {
          return await compression.decompress(bytes, readMaxBytes);
        } catch (error) {
          const isOver = error instanceof ConnectError && error.code === Code.ResourceExhausted;
          throw isOver ? tooLong(most) : error;
        }
      },
    }),
  };
}

/** Whether the body is one message and nothing else, as in Connect's unary calls. */
function isBare(header: Headers): boolean {
  return /^application\/(proto|json)\b/.test(header.get("content-type") ?? "");
}

async function* bare(body: AsyncIterable<Uint8Array>, most: number) {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length <= most) yield chunk;
    else if (length > patience * most) break;
  }
  if (length > most) throw tooLong(most);
}

/** Bytes before each framed message: a flag, and its length. */
const frameBytes = 5;

async function* framed(body: AsyncIterable<Uint8Array>, most: number) {
  const bytesOfTooLong = createFrameReader(most);
  let dropping = 0;
  for await (const chunk of body) {
    if (dropping === 0) dropping = Math.min(bytesOfTooLong(chunk), patience * most);
    if (dropping === 0) {
      yield chunk;
      continue;
    }
    dropping -= chunk.length;
    if (dropping <= 0) throw tooLong(most);
  }
  if (dropping > 0) throw tooLong(most);
}

/** Tells of each chunk how many bytes from its start on end a message that is too long; 0 where none is. */
function createFrameReader(most: number): (chunk: Uint8Array) => number {
  const frame = new DataView(new ArrayBuffer(frameBytes));
  let read = 0;
  /** Bytes still to come of a message. */
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      const passed = Math.min(left, chunk.length - at);
      left -= passed;
      at += passed;
      if (at === chunk.length) break;
      frame.setUint8(read++, chunk[at++] ?? 0);
      if (read < frameBytes) continue;
      read = 0;
      left = frame.getUint32(1);
      if (left > most) return at + left;
    }
    return 0;
  };
}

function tooLong(most: number): ConnectError {
  return edgeError(
    Code.ResourceExhausted,
    `a message has at most ${most} bytes (max_message_bytes); PutBlob takes larger things in pieces`,
    { reason: "LIMIT_REACHED", metadata: { limit: "max_message_bytes", max: String(most) } },
  );
}
