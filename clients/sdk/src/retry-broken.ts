import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { infoOf } from "./reasons.ts";

/** Tries of one call: its connection may have died while it was idle, and others with it. */
const mostTries = 3;

/**
 * Makes a unary call again when its connection broke under it, as kept ones do when the
 * daemon restarts. Harmless: reads change nothing, and writes carry a `request_id`.
 */
export const retryBroken: Interceptor = (next) => async (request) => {
  for (let tries = 1; ; tries++) {
    try {
      return await next(request);
    } catch (error) {
      if (request.stream || tries === mostTries || request.signal.aborted || !isBroken(error)) {
        throw error;
      }
    }
  }
};

/** True when the connection was there and is no more; not when there was none. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof ConnectError) || infoOf(error) !== undefined) return false;
  let cause: unknown = error.cause;
  for (let depth = 0; cause instanceof Error && depth < 8; depth++, cause = cause.cause) {
    if ("code" in cause && (cause.code === "EPIPE" || cause.code === "ECONNRESET")) return true;
  }
  return false;
}
