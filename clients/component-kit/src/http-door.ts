import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import {
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";

/** Who may come in, and who answers. */
export interface HttpDoorOptions {
  readonly token: string;
  /** What `GET /health` says to anybody on this machine. */
  readonly health: Readonly<Record<string, unknown>>;
  /** Answers `/mcp`. */
  mcp(request: Request): Promise<Response>;
  onError(error: unknown): void;
}

/** Bytes of a request's body. */
const mostBytes = 4 * 1024 * 1024;

/**
 * A component's server, not yet listening. Names that are not this machine's are refused
 * first: a page in a browser can make any name of its own lead here.
 */
export function createHttpDoor(options: HttpDoorOptions): Server {
  const { token, health, mcp, onError } = options;

  async function answer(incoming: IncomingMessage, signal: AbortSignal): Promise<Response> {
    const { host, origin, authorization } = incoming.headers;
    const isHere =
      validateHostHeader(host, localhostAllowedHostnames()).ok &&
      validateOriginHeader(origin, localhostAllowedOrigins()).ok;
    if (!isHere) return refuse(403, "only names of this machine lead here");
    const path = incoming.url?.split("?")[0];
    if (path === "/health" && incoming.method === "GET") return Response.json(health);
    if (!isBearer(authorization, token)) return refuse(401, "the port file's token is missing");
    if (path !== "/mcp") return refuse(404, "MCP is at /mcp");
    const request = await readRequest(incoming, signal);
    return request === undefined ? refuse(413, `at most ${mostBytes} bytes`) : mcp(request);
  }

  return createServer((incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) gone.abort(new Error("the client left"));
    });
    const serve = async () => send(await answer(incoming, gone.signal), outgoing);
    serve().catch((error: unknown) => {
      if (gone.signal.aborted) return; // nobody is there to be told
      onError(error);
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  });
}

/** An answer to a request whose body was not read: nothing can follow it. */
function refuse(status: number, error: string): Response {
  const headers = { Connection: "close", ...(status === 401 && { "WWW-Authenticate": "Bearer" }) };
  return Response.json({ error }, { status, headers });
}

/** Whether a header carries this token, found out in the same time for every wrong one. */
function isBearer(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}

/** A request as the web has it; nothing for one whose body is too large. */
async function readRequest(
  incoming: IncomingMessage,
  signal: AbortSignal,
): Promise<Request | undefined> {
  const { method = "GET", url = "/", headersDistinct } = incoming;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size <= mostBytes) chunks.push(chunk); // the rest is read all the same: or nobody hears why
  }
  if (size > mostBytes) return undefined;
  const isEmpty = size === 0 || method === "GET" || method === "HEAD";
  const body = isEmpty ? null : new Uint8Array(Buffer.concat(chunks));
  return new Request(new URL(url, "http://127.0.0.1"), { method, headers, signal, body });
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders(); // a stream may have nothing to say for long
  await pipeline(response.body, outgoing);
}
