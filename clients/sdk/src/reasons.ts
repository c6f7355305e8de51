import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";

/** What a daemon said of an error: the name of an `ErrorReason`, and its metadata. */
export function infoOf(
  error: unknown,
): { reason: string; metadata: Record<string, string> } | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  return error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "daphnia");
}

/** Fields of the request that were wrong. */
export function fieldsOf(error: unknown): readonly { field: string; description: string }[] {
  if (!(error instanceof ConnectError)) return [];
  return error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
}

/** True for an end that the daemon explained and that another try would only repeat. */
export function isTerminal(error: unknown): boolean {
  const info = infoOf(error);
  if (info === undefined) return !(error instanceof ConnectError);
  return !["SHUTTING_DOWN", "LIMIT_REACHED", "STORE_FULL"].includes(info.reason);
}

/** An error in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ConnectError))
    return error instanceof Error ? error.message : String(error);
  return infoOf(error)?.reason ?? `${Code[error.code]}: ${error.rawMessage}`;
}
