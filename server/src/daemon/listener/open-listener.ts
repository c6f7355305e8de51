import { once, setMaxListeners } from "node:events";
import { createServer as createHttp1Server, type RequestListener } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectError, ConnectRouter, Interceptor } from "@connectrpc/connect";
import { bindPort, bindSocket, type PortAddress, type SocketAddress } from "./bind.ts";
import { createDoor, type Door } from "./door.ts";
import { answerText, type RequestHandler } from "./exchange.ts";
import { readFirstBytes } from "./first-bytes.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { PageCookies } from "./page-cookies.ts";
import { isPeerGone } from "./peer-gone.ts";
import type { PlainHandler } from "./plain-exchange.ts";
import { createProgressWatch } from "./progress-watch.ts";
import { createRpcHandler } from "./rpc-handler.ts";
import type { StreamPlaces } from "./stream-places.ts";
import type { TransportLimits } from "./transport-limits.ts";

/** A port needs a token; `hosts` adds names that it is reached by. */
export type Address =
  | SocketAddress
  | (PortAddress & {
      readonly token: string;
      readonly hosts?: readonly string[];
      /** Lets pages in that were given one; without them only the token counts. */
      readonly cookies?: PageCookies;
    });

export interface ListenerOptions {
  readonly address: Address;
  readonly routes: (router: ConnectRouter) => void;
  /** The first is the outermost. */
  readonly interceptors: readonly Interceptor[];
  readonly limits: TransportLimits;
  /** Made once and shared by all listeners. */
  readonly places: StreamPlaces;
  /** Answers what is not an RPC; without one, 404. */
  readonly fallback?: PlainHandler;
  /** Told of each request over TCP that was turned away. */
  readonly onDenied: (denied: { readonly peer: string; readonly reason: string }) => void;
  /** Told of what failed, unless all that happened is that the peer left. */
  readonly onError: (where: string, error: unknown) => void;
}

/** An address being served. HTTP/1.1 and HTTP/2 without TLS share it. */
export interface Listener {
  /** The socket's path, or `host:port` as bound. */
  readonly address: string;
  /**
   * Takes nobody new, ends streams with `reason`, lets calls finish, and cuts
   * off what is left after `graceMs`. Resolves when all connections are closed.
   */
  close(graceMs: number, reason: ConnectError): Promise<void>;
}

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { address, limits, onError } = options;
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal);
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  const progress = createProgressWatch(limits.stallTimeout, limits.requestTimeout);
  let door: Door | undefined;
  const handle = createRpcHandler({
    ...options,
    progress,
    shutdown: shutdown.signal,
    door: "path" in address ? undefined : () => requireDoor(door),
    fallback: options.fallback ?? (({ response }) => answerText(response, 404, "not found")),
  });
  const report = (where: string) => (error: unknown) => {
    if (!isPeerGone(error)) onError(where, error);
  };
  const http1 = startHttp1(limits, handle, report("HTTP/1.1 connection"));
  const http2 = startHttp2(limits, handle, report("HTTP/2 connection"));

  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    undecided.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      undecided.delete(socket);
    });
    socket.on("error", report("connection"));
    readFirstBytes(socket, limits.headerTimeout, (protocol) => {
      undecided.delete(socket);
      const chosen = protocol === "http2" ? http2.server : http1;
      chosen.emit("connection", socket);
    });
  });
  server.maxConnections = limits.maxConnections;
  const stopWatching = () => {
    progress.close();
    http1.close();
  };
  let bound: string;
  try {
    if ("path" in address) {
      await bindSocket(server, address.path);
      bound = address.path;
    } else {
      const port = await bindPort(server, address);
      door = createDoor(port, address.hosts ?? [], address.token, address.cookies);
      bound = `${address.host.includes(":") ? `[${address.host}]` : address.host}:${port}`;
    }
  } catch (error) {
    stopWatching();
    throw error;
  }
  server.on("error", report("listener"));

  async function drain(graceMs: number, reason: ConnectError): Promise<void> {
    const closed = once(server, "close");
    server.close();
    shutdown.abort(reason);
    for (const socket of undecided) socket.destroy();
    const release = () => {
      http1.closeIdleConnections();
      for (const session of http2.sessions) if (!session.closed) session.close();
    };
    release();
    // An HTTP/1.1 connection is idle only after its last answer.
    const again = setInterval(release, 25);
    const deadline = setTimeout(() => {
      for (const session of http2.sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearInterval(again);
    clearTimeout(deadline);
    stopWatching();
  }

  let closing: Promise<void> | undefined;
  return {
    address: bound,
    close(graceMs, reason) {
      closing ??= drain(graceMs, reason);
      return closing;
    },
  };
}

/** No request comes before the port is bound, and with it the door is made. */
function requireDoor(door: Door | undefined): Door {
  if (door === undefined) throw new Error("a request came before its listener was open");
  return door;
}

function startHttp1(
  limits: TransportLimits,
  handle: RequestListener,
  onError: (error: unknown) => void,
) {
  const server = createHttp1Server(
    {
      connectionsCheckingInterval: Math.max(10, Math.min(limits.headerTimeout / 4, 1000)),
      headersTimeout: Math.min(limits.headerTimeout, limits.requestTimeout),
      keepAliveTimeout: limits.idleTimeout,
      maxHeaderSize: limits.maxHeaderBytes,
      requestTimeout: limits.requestTimeout,
      requireHostHeader: false,
    },
    oneAtATime(handle),
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    onError(error);
    refuse(socket, error.code);
  });
  // A server that never listens would watch over neither slow headers nor idle connections.
  server.emit("listening");
  return server;
}

/** Says what was wrong where no answer can have begun. */
function refuse(socket: Duplex, code: string | undefined): void {
  if (!socket.writable || !("bytesWritten" in socket) || socket.bytesWritten !== 0) {
    socket.destroy();
    return;
  }
  const statuses: Readonly<Record<string, string>> = {
    ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
    HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  };
  const status = statuses[code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

function startHttp2(
  limits: TransportLimits,
  handle: RequestHandler,
  onError: (error: unknown) => void,
) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server(
    {
      maxHeaderListPairs: 128,
      maxSessionMemory: limits.maxSessionMemory,
      settings: {
        maxConcurrentStreams: limits.maxStreams,
        maxHeaderListSize: limits.maxHeaderBytes,
      },
    },
    handle,
  );
  server.on("sessionError", onError);
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return { server, sessions };
}
