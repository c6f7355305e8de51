import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { UsageSchema } from "@daphnia/protocol/usage";
import { createPrices } from "./prices.ts";

const usage = create(UsageSchema, {
  inputTokens: 9632n,
  outputTokens: 198n,
  cacheReadTokens: 6289n,
  cacheWriteTokens: 3337n,
});
const at = new Date("2026-11-20T12:00:00Z");
const { priceOf, modelsOf } = createPrices();
const nanosOf = async (provider: string, model: string, url = "http://127.0.0.1:1/v1") =>
  (await priceOf({ provider, url }, model, usage, at))?.nanos;

describe("a price", () => {
  it("counts cached tokens at their own rates", async () => {
    // 6 × 3 + 6289 × 0.3 + 3337 × 3.75 + 198 × 15 dollars a million tokens.
    assert.equal(await nanosOf("anthropic", "claude-sonnet-4-5"), 17_388_450n);
    assert.equal(await nanosOf("anthropic", "claude-sonnet-4-5-20250929"), 17_388_450n);
  });

  it("is unknown, and never 0, for a model, a provider or an address that nobody knows", async () => {
    assert.equal(await nanosOf("anthropic", "claude-nobody"), undefined);
    assert.equal(await nanosOf("none", "gpt-5.5"), undefined);
    assert.equal(await nanosOf("by-address", "qwen3"), undefined);
    const nothing = create(UsageSchema, {});
    const cost = await priceOf(
      { provider: "anthropic", url: "" },
      "claude-sonnet-4-5",
      nothing,
      at,
    );
    assert.equal(cost, undefined);
  });

  it("is unknown for a newer version whose name begins like that of one with a price", async () => {
    assert.equal(await nanosOf("anthropic", "claude-sonnet-4-5-9"), undefined);
  });

  it("is found by the address where the provider has no name", async () => {
    assert.ok(await nanosOf("by-address", "deepseek-chat", "https://api.deepseek.com/v1"));
  });

  it("has the models of a provider by name", async () => {
    assert.ok((await modelsOf("openai")).includes("gpt-5.5"));
    assert.deepEqual(await modelsOf("nobody"), []);
  });
});
