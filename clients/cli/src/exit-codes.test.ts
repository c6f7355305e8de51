import assert from "node:assert/strict";
import { it } from "node:test";
import { TurnOutcome } from "@daphnia/protocol/session";
import { exitCodeOf } from "./exit-codes.ts";

it("tells a shell how a turn ended", () => {
  const { COMPLETED, CANCELED, FAILED, INTERRUPTED, BUDGET, MAX_STEPS } = TurnOutcome;
  const codes = [COMPLETED, FAILED, INTERRUPTED, MAX_STEPS, BUDGET, CANCELED].map(exitCodeOf);
  assert.deepEqual(codes, [0, 1, 1, 1, 6, 130]);
});
