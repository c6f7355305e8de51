import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Client,
  createClient,
  type HandlerContext,
  type Transport,
} from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import { createErrorInterceptor, shuttingDown } from "../../../services/error-interceptor.ts";
import { addReflection } from "../../../services/reflection.ts";
import type { Logins } from "../logins.ts";
import { type Listener, openListener } from "../open-listener.ts";
import { createPageDoor } from "../page-door.ts";
import { createStreamPlaces, type StreamPlaces } from "../stream-places.ts";
import { socketLimits, type TransportLimits } from "../transport-limits.ts";

export const token = "the-owner-token";

/** What the test's two RPCs do. */
export interface Play {
  readonly getInfo?: (context: HandlerContext) => Promise<{ version?: string }>;
  readonly watch?: (context: HandlerContext) => AsyncIterable<{ cursor?: string }>;
}

/** A listener with two small services, and clients that are closed with it. */
export interface Stage extends AsyncDisposable {
  readonly listener: Listener;
  readonly places: StreamPlaces;
  readonly errors: unknown[];
  readonly denied: string[];
  readonly bugs: unknown[];
  readonly port: number;
  dial(): Socket;
  http2(): ClientHttp2Session;
  client(kind: Kind, headers?: Record<string, string>): Clients;
}

export type Kind = "connect h1" | "connect h2" | "grpc h2" | "grpc-web h1" | "grpc-web h2";
export const kinds: readonly Kind[] = [
  "connect h1",
  "connect h2",
  "grpc h2",
  "grpc-web h1",
  "grpc-web h2",
];

export interface Clients {
  readonly daemon: Client<typeof DaemonService>;
  readonly events: Client<typeof EventService>;
  readonly transport: Transport;
}

export async function openStage(
  where: "socket" | "tcp",
  play: Play = {},
  limits: Partial<TransportLimits> = {},
  places: StreamPlaces = createStreamPlaces(4096),
  pages?: { readonly folder: string; readonly logins: Logins },
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "stage-"));
  const path = join(folder, "d.sock");
  const errors: unknown[] = [];
  const denied: string[] = [];
  const bugs: unknown[] = [];
  const leaving: (() => void)[] = [];
  const listener = await openListener({
    address:
      where === "socket"
        ? { path }
        : {
            ...{ host: "127.0.0.1", port: 0, token, hosts: ["d.test"] },
            ...(pages && { cookies: pages.logins.cookies }),
          },
    ...(pages && { fallback: createPageDoor(pages.folder, pages.logins) }),
    interceptors: [createErrorInterceptor((_, error) => bugs.push(error))],
    limits: { ...socketLimits, ...limits },
    places,
    onDenied: ({ reason }) => denied.push(reason),
    onError: (_, error) => errors.push(error),
    routes(router) {
      router.service(DaemonService, {
        getInfo: (_, context) => play.getInfo?.(context) ?? { version: "test" },
      });
      router.service(EventService, {
        watch: (_, context) => play.watch?.(context) ?? untilEnd(context),
      });
      addReflection(router, [DaemonService, EventService]);
    },
  });
  const port = where === "tcp" ? Number(listener.address.split(":").at(-1)) : 0;
  const dial = () => {
    const socket = where === "tcp" ? connect(port, "127.0.0.1") : connect(path);
    leaving.push(() => socket.destroy());
    return socket.on("error", () => {});
  };
  const baseUrl = where === "tcp" ? `http://127.0.0.1:${port}` : "http://localhost";
  return {
    listener,
    places,
    errors,
    denied,
    bugs,
    port,
    dial,
    http2() {
      const session = connectHttp2(baseUrl, { createConnection: dial });
      leaving.push(() => session.destroy());
      return session.on("error", () => {});
    },
    client(kind, headers = where === "tcp" ? { authorization: `Bearer ${token}` } : {}) {
      const nodeOptions = where === "tcp" ? {} : { socketPath: path };
      const sessionManager = new Http2SessionManager(baseUrl, {}, { createConnection: dial });
      leaving.push(() => sessionManager.abort());
      const common = {
        baseUrl,
        interceptors: [
          (next: (request: never) => Promise<never>) => (request: { header: Headers }) => {
            for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
            return next(request as never);
          },
        ] as never,
      };
      const h1 = { ...common, httpVersion: "1.1" as const, nodeOptions };
      const h2 = { ...common, httpVersion: "2" as const, sessionManager };
      const transports: Record<Kind, () => Transport> = {
        "connect h1": () => createConnectTransport(h1),
        "connect h2": () => createConnectTransport(h2),
        "grpc h2": () => createGrpcTransport({ ...common, sessionManager }),
        "grpc-web h1": () => createGrpcWebTransport(h1),
        "grpc-web h2": () => createGrpcWebTransport(h2),
      };
      const transport = transports[kind]();
      const daemon = createClient(DaemonService, transport);
      return { transport, daemon, events: createClient(EventService, transport) };
    },
    async [Symbol.asyncDispose]() {
      for (const leave of leaving) leave();
      await listener.close(100, shuttingDown());
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A stream that says one thing and then waits for its end. */
export async function* untilEnd({ signal }: HandlerContext): AsyncGenerator<{ cursor: string }> {
  yield { cursor: "first" };
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

/** All that a raw connection answers until it closes. */
export async function answerTo(socket: Socket, request: string): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
  socket.write(request);
  if (!socket.closed) await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}
