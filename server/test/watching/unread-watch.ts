import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { WatchRequestSchema } from "@daphnia/protocol/event_service";
import { envelope } from "../../src/services/hand-on.ts";

/** A watch that takes nothing, from the moment it is open. */
export interface UnreadWatch {
  /** Resolves when the daemon closed its connection, or reset its stream, and it could see it. */
  readonly closed: Promise<void>;
  /** Leaves as a process does that is killed. */
  destroy(): void;
}

/**
 * How a viewer does not read: a socket of HTTP/1.1 that nobody reads, a stream of HTTP/2
 * that nobody reads, or a whole HTTP/2 connection that says how much it would take and
 * takes nothing.
 */
export const unreadKinds = ["http/1.1", "http/2 stream", "http/2 connection"] as const;
export type UnreadKind = (typeof unreadKinds)[number];

type Request = MessageInitShape<typeof WatchRequestSchema>;

const path = "/daphnia.v1.EventService/Watch";
const type = "application/connect+proto";
const enveloped = (request: Request) =>
  envelope([toBinary(WatchRequestSchema, create(WatchRequestSchema, request))]);

/** Opens a watch on a connection of its own; resolves when the daemon began to answer. */
export function openUnreadWatch(
  daemonSocket: string,
  kind: UnreadKind,
  request: Request = {},
): Promise<UnreadWatch> {
  switch (kind) {
    case "http/1.1":
      return openHttp1(daemonSocket, request);
    case "http/2 stream":
      return openStream(daemonSocket, request);
    case "http/2 connection":
      return openConnection(daemonSocket, request);
  }
}

async function openHttp1(daemonSocket: string, request: Request): Promise<UnreadWatch> {
  const socket = dial(daemonSocket);
  const body = enveloped(request);
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n`;
  socket.write(`${head}Connect-Protocol-Version: 1\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body);
  await once(socket, "readable"); // and it is never read
  return { closed: closeOf(socket), destroy: () => socket.destroy() };
}

async function openStream(daemonSocket: string, request: Request): Promise<UnreadWatch> {
  const socket = dial(daemonSocket);
  const session = connectHttp2("http://x", { createConnection: () => socket });
  const stream = await begin(session, request);
  return { closed: closeOf(stream), destroy: () => socket.destroy() };
}

const largestWindow = 2 ** 31 - 1;

async function openConnection(daemonSocket: string, request: Request): Promise<UnreadWatch> {
  const socket = dial(daemonSocket);
  // Node reads an HTTP/2 socket by itself; one that stands between can be stopped.
  const between = new Duplex({
    read() {},
    write: (chunk, _, done) => void socket.write(chunk, () => done()),
    destroy: (error, done) => done(error),
  });
  socket.on("data", (chunk) => between.push(chunk));
  const session = connectHttp2("http://x", {
    createConnection: () => between,
    settings: { initialWindowSize: largestWindow },
  });
  session.on("connect", () => session.setLocalWindowSize(largestWindow));
  await begin(session, request);
  socket.pause();
  return {
    closed: closeOf(socket),
    destroy() {
      socket.destroy();
      between.destroy();
      session.destroy();
    },
  };
}

/** Opens the stream; it is not read. */
async function begin(session: ClientHttp2Session, request: Request) {
  session.on("error", () => {}); // its closing says it
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": type,
    "connect-protocol-version": "1",
  });
  stream.on("error", () => {}); // its closing says it
  stream.end(enveloped(request));
  await once(stream, "response");
  return stream;
}

function dial(daemonSocket: string): Socket {
  return connect(daemonSocket).on("error", () => {}); // its closing says it
}

function closeOf(emitter: { once(name: "close", heard: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => emitter.once("close", () => resolve()));
}
