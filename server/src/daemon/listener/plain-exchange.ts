import { answerText, type Request, type Response } from "./exchange.ts";
import type { Progress } from "./progress-watch.ts";

/** A request that is no RPC, from a caller whose host and origin are ours. */
export interface PlainExchange {
  readonly request: Request;
  readonly response: Response;
  readonly progress: Progress;
  /** Tells that the caller was turned away, and why. */
  readonly deny: (reason: string) => void;
}

export type PlainHandler = (exchange: PlainExchange) => void | Promise<void>;

export type Headers = Readonly<Record<string, string>>;

/** Sets headers for whatever is answered. */
export function setHeaders(response: Response, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Says that a method is not for this path. */
export function answerMethod(response: Response, allowed: string): void {
  setHeaders(response, { allow: allowed });
  answerText(response, 405, `only ${allowed}`);
}

/** The path of a request, without its query. */
export function pathOf(request: Request): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}
