import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { CostSchema, UsageSchema } from "@daphnia/protocol/usage";
import { ageText, bytesText, costText, durationText, tokensText } from "./figures.ts";

it("tells durations in the unit that people would use", () => {
  const texts = [4.4, 1234, 61_000, 3_600_000].map(durationText);
  assert.deepEqual(texts, ["4 ms", "1.2 s", "1 min 1 s", "1 h 0 min"]);
});

it("calls an unknown cost unknown, and a free one free", () => {
  const cost = (nanos: bigint) => create(CostSchema, { currency: "USD", nanos });
  const texts = [costText(undefined), costText(cost(0n)), costText(cost(12_300_000n))];
  assert.deepEqual(texts, ["cost unknown", "$0.00", "$0.0123"]);
});

it("names cached tokens where there are any", () => {
  const usage = { inputTokens: 10n, outputTokens: 2n };
  assert.equal(tokensText(create(UsageSchema, usage)), "10 tokens in, 2 out");
  const cached = create(UsageSchema, { ...usage, cacheReadTokens: 4n });
  assert.equal(tokensText(cached), "10 tokens in (4 cached), 2 out");
});

it("tells bytes and ages roughly", () => {
  assert.deepEqual([900, 2048, 5_000_000].map(bytesText), ["900 B", "2.0 kB", "4.8 MB"]);
  const now = new Date("2026-01-02T00:00:00Z");
  assert.equal(ageText(new Date("2026-01-01T21:00:00Z"), now), "3 h ago");
});
