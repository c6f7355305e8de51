import type { Clock } from "../../base/clock.ts";
import { createLoginCodes, type LoginCodes } from "./login-codes.ts";
import { createPageCookies, type PageCookies } from "./page-cookies.ts";

/** How browsers are let in: a code once, a cookie from then on. */
export interface Logins {
  readonly codes: LoginCodes;
  readonly cookies: PageCookies;
}

/** `token` is the owner's. */
export function createLogins(token: string, clock: Pick<Clock, "now" | "monotonic">): Logins {
  return { codes: createLoginCodes(clock), cookies: createPageCookies(token, clock) };
}
