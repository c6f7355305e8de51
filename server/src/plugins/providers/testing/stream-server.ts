import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";

/** What the server sends back, and how it ends. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Each is handed to the network by itself. */
  readonly chunks: readonly Uint8Array[];
  /** `cut` breaks the connection, `hold` keeps it open until `cut()` or the other side leaves. */
  readonly last?: "end" | "cut" | "hold";
}

export interface StreamServer {
  readonly url: string;
  /** What arrived, in order. */
  readonly requests: readonly IncomingMessage[];
  /** The bodies that arrived, in order. */
  readonly bodies: readonly Uint8Array[];
  /** Resolves when a reply's connection is closed, by whichever side. */
  readonly left: Promise<void>;
  /** Breaks every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** A server on loopback that gives every request the same reply. */
export async function startStreamServer(reply: () => Reply): Promise<StreamServer> {
  const requests: IncomingMessage[] = [];
  const bodies: Uint8Array[] = [];
  const left = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const answer = async () => {
      requests.push(request);
      response.once("close", () => left.resolve());
      bodies.push(await bodyOf(request));
      const { status = 200, headers = {}, chunks, last = "end" } = reply();
      response.writeHead(status, { "content-type": "text/event-stream", ...headers });
      response.flushHeaders();
      for (const chunk of chunks) {
        response.write(chunk);
        await setImmediate();
      }
      if (last === "end") response.end();
      if (last === "cut") response.destroy();
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    bodies,
    left: left.promise,
    cut: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
