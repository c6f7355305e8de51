import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { StepFinishedSchema } from "@daphnia/protocol/event";
import { nothingSpent, type Spending, spentBy, sumOf } from "./spending.ts";

function paid(currency: string, nanos: bigint): Spending {
  const usage = { inputTokens: 3n, outputTokens: 2n, thinkingTokens: 1n };
  return spentBy(create(StepFinishedSchema, { usage, cost: { currency, nanos } }));
}

const usage = (times: number) => ({
  inputTokens: 3 * times,
  outputTokens: 2 * times,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  thinkingTokens: times,
});

describe("sumOf", () => {
  it("adds up what is known", () => {
    assert.deepEqual(sumOf([paid("USD", 4n), nothingSpent, paid("USD", 5n)]), {
      usage: usage(2),
      usageIncomplete: false,
      cost: { currency: "USD", nanos: 9 },
      costIncomplete: false,
    });
    assert.deepEqual(sumOf([]), nothingSpent);
  });

  it("keeps in mind that something is unknown, and never takes it for 0", () => {
    const unknown = spentBy(undefined);
    assert.deepEqual(sumOf([unknown, unknown]), unknown);
    assert.deepEqual(sumOf([unknown, paid("USD", 4n)]), {
      usage: usage(1),
      usageIncomplete: true,
      cost: { currency: "USD", nanos: 4 },
      costIncomplete: true,
    });
  });

  it("does not add up two currencies", () => {
    const { cost, costIncomplete } = sumOf([paid("USD", 4n), paid("EUR", 5n)]);
    assert.deepEqual([cost, costIncomplete], [{ currency: "USD", nanos: 4 }, true]);
  });
});
