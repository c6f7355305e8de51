import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Why a request over TCP is turned away before it is looked at as an RPC. */
export interface Denial {
  readonly status: 400 | 403 | 421;
  readonly reason: string;
}

/** The rules of one TCP listener. No header that a proxy may add counts. */
export interface Door {
  /** Undefined lets the request in. */
  judge(headers: IncomingHttpHeaders): Denial | undefined;
  /** True for the owner's token. Takes the same time for every wrong one. */
  knows(authorization: string | undefined): boolean;
}

/** `hosts` are names, with a port where one is sent, that a tunnel or proxy is reached by. */
export function createDoor(port: number, hosts: readonly string[], token: string): Door {
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
    knows(authorization) {
      const sent = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
      return sent !== undefined && timingSafeEqual(digestOf(sent), expected);
    },
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
