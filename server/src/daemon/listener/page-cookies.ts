import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.ts";

/**
 * Cookies of browsers that were let in. Each is signed with a key made of the owner's
 * token: a restart asks nobody to log in again, and another token ends them all.
 */
export interface PageCookies {
  /** A `Set-Cookie` that lets its browser in. */
  issue(scheme: Scheme): string;
  /** A `Set-Cookie` that has its browser forget it. */
  clear(scheme: Scheme): string;
  /** True where a `Cookie` header holds one of ours. Takes the same time for every wrong one. */
  knows(header: string | undefined, scheme: Scheme): boolean;
}

/** How the browser reaches us; by TLS only through what stands before us. */
export type Scheme = "http" | "https";

const daySeconds = 24 * 60 * 60;
const lifetimeSeconds = 30 * daySeconds;

export function createPageCookies(token: string, clock: Pick<Clock, "now">): PageCookies {
  const key = createHmac("sha256", token).update("page cookies").digest();
  // A browser sends the cookies of a host to all its ports: each daemon needs a name of its own.
  const own = createHmac("sha256", key).update("name").digest("hex").slice(0, 8);
  const nameOf = (scheme: Scheme) =>
    scheme === "https" ? `__Host-daphnia_${own}` : `daphnia_${own}`;
  const seconds = () => Math.floor(clock.now().getTime() / 1000);
  const sign = (text: string) => createHmac("sha256", key).update(`cookie ${text}`).digest();
  const set = (scheme: Scheme, value: string, maxAge: number) => {
    const secure = scheme === "https" ? "; Secure" : "";
    return `${nameOf(scheme)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`;
  };

  function isOurs(value: string): boolean {
    const [, text = "", expiry = "", sent = ""] =
      /^((\d{1,12})\.[\w-]{22})\.([\w-]{43})$/.exec(value) ?? [];
    const expected = sign(text);
    const given = Buffer.alloc(expected.length);
    given.write(sent, "base64url");
    return timingSafeEqual(given, expected) && seconds() < Number(expiry);
  }

  return {
    issue(scheme) {
      const expiry = seconds() + lifetimeSeconds;
      const text = `${expiry}.${randomBytes(16).toString("base64url")}`;
      return set(scheme, `${text}.${sign(text).toString("base64url")}`, lifetimeSeconds);
    },
    clear: (scheme) => set(scheme, "", 0),
    knows(header, scheme) {
      const prefix = `${nameOf(scheme)}=`;
      const pairs = (header ?? "").split(";").map((pair) => pair.trim());
      // A page of another port may have set one of the same name beside ours.
      return pairs.some((pair) => pair.startsWith(prefix) && isOurs(pair.slice(prefix.length)));
    },
  };
}
