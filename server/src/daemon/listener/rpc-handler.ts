import { create } from "@bufbuild/protobuf";
import {
  Code,
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { PrincipalKind, PrincipalSchema, Scope } from "@daphnia/protocol/principal";
import { type Caller, callerKey } from "../../services/caller.ts";
import { edgeError } from "../../services/error-interceptor.ts";
import { handOnKey } from "../../services/hand-on.ts";
import { scopeGate } from "../../services/scope-gate.ts";
import type { Door } from "./door.ts";
import {
  answerText,
  connectionOf,
  headerBytes,
  type Request,
  type RequestHandler,
  type Response,
  reset,
} from "./exchange.ts";
import { createHandedOn } from "./handed-on.ts";
import { createMessageLimit } from "./message-limit.ts";
import { isPeerGone } from "./peer-gone.ts";
import { type PlainExchange, type PlainHandler, pathOf } from "./plain-exchange.ts";
import type { Progress, ProgressWatch } from "./progress-watch.ts";
import { endInterceptor, isEnd, sayFailure } from "./stream-end.ts";
import type { StreamPlaces } from "./stream-places.ts";
import type { TransportLimits } from "./transport-limits.ts";

export interface RpcHandlerOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly interceptors: readonly Interceptor[];
  readonly limits: TransportLimits;
  /** Judges callers over TCP. Without one this is the unix socket and all are the owner. */
  readonly door: (() => Door) | undefined;
  readonly places: StreamPlaces;
  readonly progress: ProgressWatch;
  readonly shutdown: AbortSignal;
  /** Answers what is no RPC. */
  readonly fallback: PlainHandler;
  readonly onDenied: (denied: { readonly peer: string; readonly reason: string }) => void;
  readonly onError: (where: string, error: unknown) => void;
}

/**
 * Answers HTTP requests with RPCs. Nothing that a client sends makes it throw.
 *
 * H1: no handler runs before the scope gate let its caller in.
 * H2: a place for a stream is taken after that, and given back when its response closes.
 */
export function createRpcHandler(options: RpcHandlerOptions): RequestHandler {
  const { door, limits, onDenied, onError, progress } = options;
  const messages = createMessageLimit(limits.maxReadBytes);
  const router = createConnectRouter({
    acceptCompression: door === undefined ? [] : [messages.unpack(compressionGzip)],
    interceptors: [...options.interceptors, endInterceptor],
    maxTimeoutMs: 2 ** 31 - 1,
    readMaxBytes: limits.maxReadBytes,
    writeMaxBytes: limits.maxWriteBytes,
    shutdownSignal: options.shutdown,
    requestGate: gate,
  });
  options.routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  const handedOn = new Set<AbortController>();
  options.shutdown.addEventListener("abort", () => {
    for (const stream of handedOn) stream.abort(options.shutdown.reason);
  });

  function gate(context: HandlerContext): void {
    if (isEnd(context.values)) return; // the stream was let in when it was opened
    if (options.shutdown.aborted) throw options.shutdown.reason;
    scopeGate(context);
    if (context.method.methodKind === "server_streaming") context.values.get(placeKey)();
  }

  function takePlace(request: Request, seen: Progress): void {
    const place = options.places.take(connectionOf(request), limits.maxWatches);
    if (typeof place === "string") throw noPlace(place, door !== undefined);
    if (seen.isClosed) place();
    else seen.freePlace = place;
  }

  function answer(request: Request, response: Response): void {
    const report = (error: unknown) => {
      if (!isPeerGone(error)) onError(request.url ?? "", error);
    };
    request.on("error", report);
    response.on("error", report);
    const peer = peerOf(request, door !== undefined);
    // Without the port, which is another one for each connection: a flood is one peer's.
    const from = request.socket.remoteAddress ?? peer;
    const deny = (reason: string) => onDenied({ peer: from, reason });
    if (headerBytes(request) > limits.maxHeaderBytes) {
      answerText(response, 431, "the headers are too long");
      return;
    }
    const denial = door?.().judge(request.headers);
    if (denial !== undefined) {
      deny(denial.reason);
      answerText(response, denial.status, denial.reason);
      return;
    }
    if (door === undefined) takeAsMeant(request);
    const handler = handlers.get(pathOf(request));
    const seen = progress.add(request, response);
    if (handler === undefined) {
      answerPlain({ request, response, progress: seen, deny });
      return;
    }
    const isKnown = door === undefined || door().knows(request.method, request.headers);
    if (!isKnown) deny("the bearer token or cookie is missing or wrong");
    const values = createContextValues()
      .set(callerKey, isKnown ? ownerAt(peer, door !== undefined) : undefined)
      .set(placeKey, () => takePlace(request, seen));
    const stream = createHandedOn({
      response,
      progress: seen,
      fail: (error) => sayFailure(handler, request.headers["content-type"] ?? "", error),
      open: handedOn,
      shutdown: options.shutdown,
    });
    values.set(handOnKey, stream.take);
    handler(messages.guard(universalRequestFromNodeRequest(request, response, undefined, values)))
      .then((opening) => universalResponseToNodeResponse(stream.whole(opening), response))
      .catch((error: unknown) => {
        report(error);
        reset(response);
      });
  }

  function answerPlain(exchange: PlainExchange): void {
    const { request, response } = exchange;
    // An async function: what its handler throws at once is told like what it rejects with.
    const run = async () => options.fallback(exchange);
    run().catch((error: unknown) => {
      if (!isPeerGone(error)) onError(request.url ?? "", error);
      reset(response);
    });
  }

  return (request, response) => {
    try {
      answer(request, response);
    } catch (error) {
      if (!isPeerGone(error)) onError(request.url ?? "", error);
      reset(response);
    }
  };
}

const placeKey = createContextKey<() => void>(
  () => {
    throw new Error("a stream was opened outside of a listener");
  },
  { description: "takes the place of a stream" },
);

function noPlace(limit: "connection" | "daemon", isTcp: boolean) {
  const ofConnection = isTcp ? "max_watches_per_tcp_connection" : "max_watches_per_connection";
  const name = limit === "daemon" ? "max_watches" : ofConnection;
  const detail = { reason: "LIMIT_REACHED", metadata: { limit: name }, retryAfter: 1000 };
  return edgeError(Code.ResourceExhausted, `as many streams are open as ${name} allows`, detail);
}

const owner = create(PrincipalSchema, { kind: PrincipalKind.OWNER, id: "owner" });
const everyScope = new Set([Scope.PUBLIC, Scope.OBSERVE, Scope.PROMPT, Scope.APPROVE, Scope.ADMIN]);

function ownerAt(peer: string, isTcp: boolean): Caller {
  return { transport: isTcp ? "tcp" : "socket", peer, principal: owner, scopes: everyScope };
}

function peerOf(request: Request, isTcp: boolean): string {
  const { remoteAddress, remotePort } = request.socket;
  return isTcp ? `${remoteAddress}:${remotePort}` : "socket";
}

/**
 * Over a unix socket clients send whatever they like as host, and none of it
 * matters. A bare `curl -d` says that it sends a form; what it sends is JSON. No web
 * page reaches the socket, so nothing is let in by believing the body.
 */
function takeAsMeant(request: Request): void {
  request.headers.host = "localhost";
  if ("authority" in request) Object.defineProperty(request, "authority", { value: "localhost" });
  const isForm = request.headers["content-type"] === "application/x-www-form-urlencoded";
  if (isForm) request.headers["content-type"] = "application/json";
}
