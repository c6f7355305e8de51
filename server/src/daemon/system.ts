import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { MintId } from "../base/ids.ts";

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.max(0, ms)); // what is due already is due at once
    return () => clearTimeout(timer);
  },
};

const digits = "0123456789abcdefghjkmnpqrstvwxyz";

/** `turn-` and 16 characters: 9 of the time, so that ids sort by it, and 35 random bits. */
export const mintId: MintId = (prefix) => {
  let time = "";
  for (let rest = Date.now(), i = 0; i < 9; i++, rest = Math.floor(rest / 32)) {
    time = digits.charAt(rest % 32) + time;
  }
  const random = [...randomBytes(7)].map((byte) => digits.charAt(byte % 32)).join("");
  return `${prefix}-${time}${random}`;
};
