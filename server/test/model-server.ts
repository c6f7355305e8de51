import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LLMock } from "@copilotkit/aimock";

/** A request as it arrived. */
export interface SeenRequest {
  readonly path: string;
  /** Every byte of it. */
  readonly body: Buffer;
  /** Milliseconds on the monotonic clock. */
  readonly time: number;
}

export interface ModelServer {
  readonly url: string;
  /** Decides what is answered. */
  readonly mock: LLMock;
  /** What arrived, in order. */
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

export interface ModelServerOptions {
  /** Why a request is answered with 400; undefined lets it through. */
  readonly refuse?: (body: Buffer) => string | undefined;
  /** Changes a piece of an answer on its way. */
  readonly alter?: (piece: string, request: SeenRequest) => string;
}

/**
 * A model server on loopback: others wrote what answers; before it stands what
 * notes every request to the byte, and may refuse one or spoil an answer.
 */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const mock = await LLMock.create({ port: 0, chunkSize: 5 });
  const requests: SeenRequest[] = [];
  const server = createServer((from, to) => {
    relay(from, to).catch(() => to.destroy());
  });

  async function relay(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const body = Buffer.concat(await from.toArray());
    const seen = { path: from.url ?? "", body, time: performance.now() };
    requests.push(seen);
    const problem = options.refuse?.(body);
    if (problem !== undefined) return refuse(to, problem);
    const { method, headers } = from;
    const onwards = request(new URL(seen.path, mock.url), { method, headers }).end(body);
    const [answer]: IncomingMessage[] = await once(onwards, "response");
    if (answer === undefined) throw new Error("no answer");
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    const alter = new Transform({
      transform(piece, _, done) {
        done(null, options.alter?.(String(piece), seen) ?? piece);
      },
    });
    await pipeline(answer, alter, to);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    mock,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await mock.stop();
    },
  };
}

/** Says no in Anthropic's words. */
function refuse(to: ServerResponse, message: string): void {
  to.writeHead(400, { "content-type": "application/json" });
  to.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } }));
}
