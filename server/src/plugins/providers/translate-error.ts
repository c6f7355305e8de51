import { ModelError, type ModelErrorKind } from "../../core/model/model-error.ts";
import { describeFailure, type Failure } from "./failure.ts";
import { retryAfterOf } from "./retry-after.ts";

/** Where an error came from, for its message. */
export interface ErrorPlace {
  readonly provider: string;
  readonly url: string;
  /** What no message may hold. */
  readonly secrets: readonly string[];
  /** Variables that may hold the key. */
  readonly keyVariables: readonly string[];
  readonly now: Date;
}

/** Makes what a package threw, or told in mid-stream, the one error that a turn understands. */
export function translateError(thrown: unknown, place: ErrorPlace): ModelError {
  if (thrown instanceof ModelError) return thrown;
  const failure = describeFailure(thrown);
  const kind = kindOf(failure);
  const retryAfter = retryAfterOf(failure, place.now);
  // Only the root is kept: the error itself carries the whole request.
  const cause = failure.cause === undefined ? {} : { cause: failure.cause };
  const message = shorten(hide(textOf(kind, failure, place), place.secrets));
  return new ModelError(kind, message, {
    ...cause,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

function kindOf(failure: Failure): ModelErrorKind {
  const { status, words, isNetwork } = failure;
  // An account without money, told as 429: waiting does not help.
  if (/insufficient_quota/.test(words)) return "invalid_request";
  if (status === undefined || status < 300) return unansweredKind(failure);
  if (status === 401) return "auth";
  if (status === 403) return refusal.test(words) ? "refused" : "auth";
  if (status === 429) return "rate_limit";
  if (status === 413) return "context_length";
  if (status === 408 || isNetwork) return "network";
  if (status >= 500) return "overloaded";
  if (tooLong.test(words)) return "context_length";
  if (badKey.test(words)) return "auth";
  return refusal.test(words) ? "refused" : "invalid_request";
}

/** What failed without a status, or in mid-stream. */
function unansweredKind({ name, words, isNetwork }: Failure): ModelErrorKind {
  if (name === "AI_UnsupportedFunctionalityError" || name === "AI_InvalidPromptError")
    return "invalid_request";
  if (isNetwork) return "network";
  if (name !== "told") return "malformed";
  if (tooLong.test(words)) return "context_length";
  if (/rate.?limit|too many requests/i.test(words)) return "rate_limit";
  if (refusal.test(words)) return "refused";
  if (/overloaded|server_error|api_error|unavailable|timeout|internal/i.test(words))
    return "overloaded";
  return "invalid_request";
}

const tooLong =
  /context[ _]length|context window|prompt is too long|input is too long|too many tokens|token (count|limit)|maximum (context|number of tokens)|exceed\w* the (maximum|limit|context)|request_too_large/i;
const refusal =
  /content[ _](filter|policy|management)|moderation|safety|flagged|usage polic|prohibited/i;
const badKey = /api[ _]key (not valid|invalid|expired)|invalid[ _]api[ _]key|API_KEY_INVALID/i;

function textOf(kind: ModelErrorKind, { status, message }: Failure, place: ErrorPlace): string {
  const { provider, url, keyVariables } = place;
  const said = message === "" ? "" : `: ${message}`;
  switch (kind) {
    case "network":
      return `the connection to ${provider} at ${url} failed${said}`;
    case "malformed":
      return `the answer of ${provider} could not be read${said}`;
    case "auth": {
      const hint = keyVariables.length === 0 ? "" : ` (set in ${keyVariables.join(" or ")})`;
      return `${provider} refused the key${hint}${said}`;
    }
    default:
      return `${provider} answered${status === undefined ? "" : ` ${status}`}${said || " without a reason"}`;
  }
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(({ length }) => length > 3)
    .reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 500 ? `${line.slice(0, 499)}…` : line;
}

/** The answer stopped before its end. */
export function brokenAnswer({ provider, url }: ErrorPlace): ModelError {
  return new ModelError("network", `the answer of ${provider} at ${url} broke off before its end`);
}

/** Something answered, but nobody who speaks the provider's format. */
export function foreignAnswer({ provider, url }: ErrorPlace, mediaType: string): ModelError {
  const what = mediaType === "" ? "no media type" : mediaType;
  return new ModelError(
    "malformed",
    `${url} answered with ${what}, not as ${provider} does; is its base URL right?`,
  );
}

/** The provider ended an answer that says nothing, because of what it would say. */
export function refusedAnswer(place: ErrorPlace, reason: string, why: unknown): ModelError {
  const said = typeof why === "string" ? `: ${why}` : "";
  return new ModelError(
    "refused",
    shorten(hide(`${place.provider} refused to answer (${reason})${said}`, place.secrets)),
  );
}

/**
 * Whether one event was JSON, but of a shape that the package does not know. The
 * answer goes on without it: providers add such events before packages learn them.
 */
export function isUnknownEvent(error: unknown): boolean {
  return error instanceof Error && error.name === "AI_TypeValidationError";
}
