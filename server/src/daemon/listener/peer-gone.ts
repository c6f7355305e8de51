import { Code, ConnectError } from "@connectrpc/connect";

const codes: ReadonlySet<unknown> = new Set([
  "ABORT_ERR",
  "ECANCELED",
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_STREAM_CANCEL",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
  Code.Aborted,
  Code.Canceled,
]);

/** True when an error, or what caused it, only says that the other side left. */
export function isPeerGone(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; depth++) {
    if (cause.name === "AbortError" || ("code" in cause && codes.has(cause.code))) return true;
    cause = cause.cause;
  }
  return error instanceof ConnectError && codes.has(error.code);
}
