import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { translateError } from "./translate-error.ts";

const place = {
  provider: "p",
  url: "http://127.0.0.1",
  secrets: ["sk-secret"],
  keyVariables: ["P_API_KEY"],
  now: new Date("2026-11-20T12:00:00Z"),
};

/** An error as the packages throw it. */
function thrown(
  statusCode: number,
  message: string,
  headers: Record<string, string> = {},
  responseBody = "",
) {
  const error = Object.assign(new Error(message), {
    statusCode,
    responseHeaders: headers,
    responseBody,
  });
  error.name = "AI_APICallError";
  return error;
}

const kindOf = (error: unknown) => translateError(error, place).kind;

describe("a provider's error", () => {
  it("has the kind that its status and words say", () => {
    const cases: [number, string, string][] = [
      [401, "no", "auth"],
      [403, "no", "auth"],
      [403, "Your input was flagged by moderation", "refused"],
      [400, "API key not valid. Please pass a valid API key.", "auth"],
      [429, "slow down", "rate_limit"],
      [429, "You exceeded your current quota: 10 requests a minute", "rate_limit"],
      [429, "insufficient_quota: check your plan and billing", "invalid_request"],
      [413, "request_too_large", "context_length"],
      [400, "This model's maximum context length is 128000 tokens", "context_length"],
      [
        400,
        "The input token count (1200000) exceeds the maximum number of tokens",
        "context_length",
      ],
      [400, "prompt is too long: 200001 tokens > 200000 maximum", "context_length"],
      [400, "content_filter: the response was filtered", "refused"],
      [400, "max_tokens must be positive", "invalid_request"],
      [402, "credits", "invalid_request"],
      [404, "no such model", "invalid_request"],
      [301, "moved", "invalid_request"],
      [408, "timeout", "network"],
      [500, "x", "overloaded"],
      [503, "x", "overloaded"],
      [529, "x", "overloaded"],
    ];
    const kinds = cases.map(([status, message]) => [
      status,
      message,
      kindOf(thrown(status, message)),
    ]);
    assert.deepEqual(kinds, cases);
  });

  it("has the kind of what is told in mid-stream", () => {
    const told = [
      { message: "Overloaded", type: "overloaded_error" },
      { message: "Rate limit reached", type: "x" },
      { message: "upstream", code: 502 },
      { message: "Token limit reached", code: null },
      { message: "Tool call validation failed", type: "invalid_request_error" },
    ];
    assert.deepEqual(told.map(kindOf), [
      "overloaded",
      "rate_limit",
      "overloaded",
      "context_length",
      "invalid_request",
    ]);
  });

  it("is the network's when the connection is at fault, however deep the cause lies", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const wrapped = thrown(200, "Failed to process successful response");
    wrapped.cause = new TypeError("terminated", { cause: refused });
    const error = translateError(wrapped, place);
    assert.deepEqual([error.kind, error.cause], ["network", refused]);
    assert.equal(
      error.message,
      "the connection to p at http://127.0.0.1 failed: connect ECONNREFUSED",
    );
    assert.equal(kindOf(new TypeError("terminated")), "network");
    assert.equal(kindOf(new Error("what is this?")), "malformed");
  });

  it("says how long to wait: in seconds, milliseconds, as a date or in the body", () => {
    const after = (headers: Record<string, string>, body = "") =>
      translateError(thrown(429, "x", headers, body), place).retryAfter;
    assert.equal(after({ "retry-after": "7" }), 7000);
    assert.equal(after({ "retry-after": "0.5" }), 500);
    assert.equal(after({ "retry-after-ms": "250", "retry-after": "7" }), 250);
    assert.equal(after({ "retry-after": "Fri, 20 Nov 2026 12:00:30 GMT" }), 30_000);
    assert.equal(after({ "retry-after": "Fri, 20 Nov 2026 11:00:00 GMT" }), 0);
    assert.equal(after({}, '{"error":{"details":[{"retryDelay":"34.5s"}]}}'), 34_500);
    assert.equal(after({ "retry-after": "soon" }), undefined);
  });

  it("is one short line without the key in it", () => {
    const { message } = translateError(thrown(400, `bad\n  sk-secret ${"x".repeat(2000)}`), place);
    assert.match(message, /^p answered 400: bad \*\*\* x+…$/);
    assert.equal(message.length, 500);
  });

  it("keeps nothing of the request", () => {
    const error = Object.assign(thrown(400, "x"), { requestBodyValues: { prompt: "private" } });
    assert.equal(translateError(error, place).cause, undefined);
  });
});
