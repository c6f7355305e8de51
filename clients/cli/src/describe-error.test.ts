import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { Complaint } from "./complaint.ts";
import { describeError } from "./describe-error.ts";

const refusal = (message: string, code: Code, reason: string, metadata = {}) =>
  new ConnectError(message, code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "daphnia", metadata } },
  ]);

describe("describeError", () => {
  it("names the variables of a missing key, and the demo", () => {
    const error = refusal(
      "no model is configured: set …",
      Code.FailedPrecondition,
      "PROVIDER_KEY_MISSING",
      {
        variable: "DAPHNIA_TEST_A_KEY,DAPHNIA_TEST_B_KEY",
      },
    );
    assert.deepEqual(describeError(error), {
      message: "no model is configured",
      remedy:
        "set one of DAPHNIA_TEST_A_KEY, DAPHNIA_TEST_B_KEY and restart the daemon; without a key, see `npx daphnia demo`",
      reason: "PROVIDER_KEY_MISSING",
      exitCode: 1,
    });
  });

  it("tells a wrong field from a failure by the exit code", () => {
    const error = new ConnectError("wrong", Code.InvalidArgument, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "INVALID_FIELD", domain: "daphnia" } },
      {
        desc: BadRequestSchema,
        value: { fieldViolations: [{ field: "model", description: "must be provider/model" }] },
      },
    ]);
    const { message, exitCode } = describeError(error);
    assert.deepEqual([message, exitCode], ["model: must be provider/model", 2]);
  });

  it("shows near ids where the message does not", () => {
    const error = refusal('session "s" does not exist', Code.NotFound, "NOT_FOUND", {
      near: "s1,s2",
    });
    assert.equal(describeError(error).remedy, "there is s1, s2");
  });

  it("calls a refusal denied", () => {
    const codes = [
      refusal("no", Code.PermissionDenied, "SCOPE_MISSING"),
      refusal("no", Code.Unauthenticated, "UNAUTHENTICATED"),
      new ConnectError("no", Code.PermissionDenied),
    ].map((error) => describeError(error).exitCode);
    assert.deepEqual(codes, [5, 5, 5]);
  });

  it("keeps what a complaint says, and escapes what it quotes", () => {
    const { message, remedy, exitCode } = describeError(new Complaint(3, "a\u001bb", "do this"));
    assert.deepEqual([message, remedy, exitCode], ["a\\x1bb", "do this", 3]);
  });
});
