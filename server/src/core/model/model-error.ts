/** What sort of failure it is; the names of the protocol's `TurnErrorKind`. */
export type ModelErrorKind =
  | "auth"
  | "rate_limit"
  | "overloaded"
  | "context_length"
  | "refused"
  | "network"
  | "malformed"
  | "invalid_request";

/** The provider, or the way to it, failed. The turn makes a value of it. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly kind: ModelErrorKind;
  /** Milliseconds to wait, where the provider said so. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: ModelErrorKind,
    message: string,
    options: ErrorOptions & { retryAfter?: number } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.retryAfter = options.retryAfter;
  }
}

/** Whether the same request may succeed later. */
export function isRetryable(kind: ModelErrorKind): boolean {
  switch (kind) {
    case "rate_limit":
    case "overloaded":
    case "network":
    case "malformed":
      return true;
    case "auth":
    case "context_length":
    case "refused":
    case "invalid_request":
      return false;
  }
}
