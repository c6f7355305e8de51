/** Why a request could not be served. The set is closed; each has one wire code. */
export type Refusal =
  | "invalid_argument"
  | "not_found"
  | "already_exists"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "resource_exhausted"
  | "permission_denied"
  | "unavailable"
  | "internal";

/** What a program can read of an error. */
export interface ErrorDetail {
  /** A name of the protocol's `ErrorReason`, without its prefix. */
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fields of the request that are wrong, and what was expected of each. */
  readonly fields?: readonly { readonly field: string; readonly description: string }[];
  /** When waiting helps: how long, in milliseconds. */
  readonly retryAfter?: number;
}

/** The only error that core code throws on purpose. */
export class DaemonError extends Error {
  override readonly name = "DaemonError";
  readonly refusal: Refusal;
  readonly detail: ErrorDetail;

  constructor(refusal: Refusal, message: string, detail: ErrorDetail, options?: ErrorOptions) {
    super(message, options);
    this.refusal = refusal;
    this.detail = detail;
  }
}

export function notFound(what: string, id: string, near: readonly string[] = []): DaemonError {
  const hint = near.length === 0 ? "" : `; did you mean ${near.map((n) => `"${n}"`).join(", ")}?`;
  return new DaemonError("not_found", `${what} "${id}" does not exist${hint}`, {
    reason: "NOT_FOUND",
    metadata: { [what]: id, near: near.join(",") },
  });
}

/** A field of the request is wrong; `expected` says what would be right. */
export function invalidField(field: string, expected: string): DaemonError {
  return new DaemonError("invalid_argument", `${field}: ${expected}`, {
    reason: "INVALID_FIELD",
    fields: [{ field, description: expected }],
  });
}

export function wrongState(message: string, metadata: Record<string, string> = {}): DaemonError {
  return new DaemonError("failed_precondition", message, { reason: "WRONG_STATE", metadata });
}

/** The text of anything that can be thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
