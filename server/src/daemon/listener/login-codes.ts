import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";

/** A code that lets one browser in, and until when. */
export interface LoginCode {
  readonly code: string;
  readonly expireTime: Date;
}

/**
 * Codes by which browsers are let in.
 *
 * L1: a code works once, and for a minute.
 * L2: only the newest few work; a new one puts the oldest out.
 * L3: no more than some wrong codes a minute are looked at, whoever sends them.
 */
export interface LoginCodes {
  mint(): LoginCode;
  /** Takes a code back. `later`: too many were wrong in this minute, and none is looked at. */
  redeem(code: string): "right" | "wrong" | "later";
}

const lifetime = 60_000;
const mostCodes = 16;
const mostWrong = 30;

export function createLoginCodes(clock: Pick<Clock, "now" | "monotonic">): LoginCodes {
  /** When each expires, by its digest: a lookup's time tells nothing of a code. */
  const codes = new Map<string, number>();
  let wrong = 0;
  let minuteStart = Number.NEGATIVE_INFINITY;

  function isLimited(now: number): boolean {
    if (now - minuteStart >= lifetime) {
      minuteStart = now;
      wrong = 0;
    }
    return wrong >= mostWrong;
  }

  return {
    mint() {
      const code = randomBytes(24).toString("base64url");
      codes.set(digestOf(code), clock.monotonic() + lifetime);
      for (const oldest of codes.keys()) {
        if (codes.size <= mostCodes) break;
        codes.delete(oldest);
      }
      return { code, expireTime: new Date(clock.now().getTime() + lifetime) };
    },
    redeem(code) {
      const now = clock.monotonic();
      if (isLimited(now)) return "later";
      const digest = digestOf(code);
      const expiry = codes.get(digest);
      codes.delete(digest);
      if (expiry !== undefined && now < expiry) return "right";
      wrong++;
      return "wrong";
    },
  };
}

function digestOf(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}
