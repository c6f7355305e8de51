import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { PageCookies, Scheme } from "./page-cookies.ts";

/** Why a request over TCP is turned away before it is looked at as an RPC. */
export interface Denial {
  readonly status: 400 | 403 | 421;
  readonly reason: string;
}

/** The rules of one TCP listener. No header that a proxy may add counts. */
export interface Door {
  /** Undefined lets the request in. */
  judge(headers: IncomingHttpHeaders): Denial | undefined;
  /**
   * True for the owner's token, and for a cookie that we gave: that one counts only where a
   * page of ours posts. Takes the same time for every wrong one.
   */
  knows(method: string | undefined, headers: IncomingHttpHeaders): boolean;
}

/** `hosts` are names, with a port where one is sent, that a tunnel or proxy is reached by. */
export function createDoor(
  port: number,
  hosts: readonly string[],
  token: string,
  cookies?: PageCookies,
): Door {
  const local = ["127.0.0.1", "localhost", "[::1]"];
  const own = local.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
  const added = hosts.map((host) => host.toLowerCase());
  const allowed = new Set([...own, ...added]);
  // Only what stands behind a proxy can have been reached by TLS.
  const origins = new Set([
    ...[...allowed].map((host) => `http://${host}`),
    ...added.map((host) => `https://${host}`),
  ]);
  const expected = digestOf(token);
  return {
    judge(headers) {
      const named = [headers[":authority"], headers.host].filter((name) => name !== undefined);
      const host = named.find((name) => !allowed.has(String(name).toLowerCase())) ?? named[0];
      if (host === undefined) return { status: 400, reason: "the request names no host" };
      if (!URL.canParse(`http://${host}`)) return { status: 400, reason: "the host is malformed" };
      if (!allowed.has(String(host).toLowerCase())) {
        return { status: 421, reason: "this daemon does not serve that host" };
      }
      if (headers.origin !== undefined && !origins.has(headers.origin.toLowerCase())) {
        return { status: 403, reason: "the origin is not this daemon's own" };
      }
      if (headers["sec-fetch-site"] === "cross-site") {
        return { status: 403, reason: "the request comes from another site" };
      }
      return undefined;
    },
    knows(method, { authorization, cookie, origin }) {
      if (authorization !== undefined) {
        const sent = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
        return sent !== undefined && timingSafeEqual(digestOf(sent), expected);
      }
      const scheme = originScheme(origin);
      if (method !== "POST" || scheme === undefined) return false;
      return cookies?.knows(cookie, scheme) === true;
    },
  };
}

/** By what a page of ours was reached. A page is what names its origin. */
export function originScheme(origin: string | undefined): Scheme | undefined {
  if (origin === undefined) return undefined;
  return /^https:/i.test(origin) ? "https" : "http";
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
