import { originScheme } from "./door.ts";
import { answerText, type Request, type Response } from "./exchange.ts";
import type { Logins } from "./logins.ts";
import type { Scheme } from "./page-cookies.ts";
import {
  answerMethod,
  type PlainExchange,
  type PlainHandler,
  setHeaders,
} from "./plain-exchange.ts";

/** Bytes of a login: the code and its frame have less than a hundred. */
const mostBytes = 1024;

/**
 * Lets browsers in and out: `POST /login` with `{"code": …}` gives a cookie, `POST /logout`
 * takes it back. Both want our own origin; a login must be JSON too, which no form can send.
 */
export function createLoginDoor({
  codes,
  cookies,
}: Logins): Readonly<Record<string, PlainHandler>> {
  async function login(exchange: PlainExchange): Promise<void> {
    const { request, response, deny } = exchange;
    const scheme = schemeOf(exchange);
    if (scheme === undefined) return;
    if (!/^application\/json *(;|$)/i.test(request.headers["content-type"] ?? "")) {
      answerText(response, 415, "a login is application/json");
      return;
    }
    const body = await readBody(request);
    const code = body === undefined ? undefined : codeIn(body);
    if (code === undefined) {
      answerText(response, 400, 'a login is {"code": "…"}');
      return;
    }
    const verdict = codes.redeem(code);
    if (verdict === "right") {
      answerEmpty(response, cookies.issue(scheme));
      return;
    }
    deny("the login code is wrong, was used or is too old");
    if (verdict === "wrong") {
      answerText(response, 401, "the login code is wrong, was used or is too old");
      return;
    }
    setHeaders(response, { "retry-after": "60" });
    answerText(response, 429, "too many wrong login codes; wait a minute");
  }

  function logout(exchange: PlainExchange): void {
    const scheme = schemeOf(exchange);
    if (scheme !== undefined) answerEmpty(exchange.response, cookies.clear(scheme));
  }

  return { "/login": login, "/logout": logout };
}

/** By what a page of ours was reached; answers where it is no page, for then no origin is named. */
function schemeOf({ request, response, deny }: PlainExchange): Scheme | undefined {
  if (request.method !== "POST") {
    answerMethod(response, "POST");
    return undefined;
  }
  const scheme = originScheme(request.headers.origin);
  if (scheme !== undefined) return scheme;
  deny("a login or logout names no origin");
  answerText(response, 403, "only a page of this daemon may do this");
  return undefined;
}

function answerEmpty(response: Response, cookie: string): void {
  setHeaders(response, { "cache-control": "no-store", "set-cookie": cookie });
  response.statusCode = 204;
  response.end();
}

function codeIn(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isObject = typeof parsed === "object" && parsed !== null;
    const code = isObject && "code" in parsed ? parsed.code : undefined;
    return typeof code === "string" ? code : undefined;
  } catch {
    return undefined; // it is no JSON
  }
}

/** A body as text; undefined where it is longer than any login. The rest is read and dropped. */
function readBody(request: Request): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= mostBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    const left = () => reject(Object.assign(new Error("the client left"), { code: "ECONNRESET" }));
    request.on("close", left).on("aborted", left);
  });
}
