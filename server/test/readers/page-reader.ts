// What the page runs: the web build of the client, and beside it the bytes as they arrived.
import { toBinary } from "@bufbuild/protobuf";
import { connectWeb } from "@daphnia/client/web";
import { EventSchema } from "@daphnia/protocol/event";

/** Where a page reads, and from what place on. */
export interface PageRequest {
  readonly baseUrl: string;
  readonly token: string;
  readonly after: string;
}

export interface PageAnswer {
  /** The body of each response, in base64. */
  readonly bodies: readonly string[];
  /** Each event that the client told, encoded again, in base64. */
  readonly events: readonly string[];
}

const base64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

/** Reads to the end of the log. */
async function read({ baseUrl, token, after }: PageRequest): Promise<PageAnswer> {
  const plain = globalThis.fetch;
  const bodies: Uint8Array[][] = [];
  globalThis.fetch = async (...request) => {
    const response = await plain(...request);
    const chunks: Uint8Array[] = [];
    bodies.push(chunks);
    const keep = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, stream) {
        chunks.push(chunk.slice());
        stream.enqueue(chunk);
      },
    });
    return new Response(response.body?.pipeThrough(keep) ?? null, response);
  };
  const events: string[] = [];
  const options = { after: after === "" ? ("beginning" as const) : after, untilCaughtUp: true };
  for await (const response of connectWeb({ baseUrl, token }).watch(options)) {
    events.push(...response.events.map((event) => base64(toBinary(EventSchema, event))));
  }
  globalThis.fetch = plain;
  return { bodies: bodies.map((chunks) => base64(joined(chunks))), events };
}

Object.assign(globalThis, { readEvents: read });
