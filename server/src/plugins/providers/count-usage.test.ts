import assert from "node:assert/strict";
import { it } from "node:test";
import { countUsage } from "./count-usage.ts";
import type { TokenCounts } from "./language-model.ts";

const counts = (total: number, reasoning: number, raw: TokenCounts["raw"]): TokenCounts => ({
  inputTokens: { total: 12, noCache: 1, cacheRead: 11, cacheWrite: undefined },
  outputTokens: { total, text: undefined, reasoning },
  ...(raw === undefined ? {} : { raw }),
});

it("counts thinking into the output where the server counts it apart", () => {
  const apart = countUsage(counts(2, 340, undefined));
  assert.deepEqual([apart?.outputTokens, apart?.thinkingTokens], [342n, 340n]);
  const byTotal = countUsage(counts(400, 40, { prompt_tokens: 12, total_tokens: 452 }));
  assert.equal(byTotal?.outputTokens, 440n);
  const within = countUsage(counts(400, 40, { prompt_tokens: 12, total_tokens: 412 }));
  assert.equal(within?.outputTokens, 400n);
});

it("is absent where the provider told nothing", () => {
  const nothing = {
    total: undefined,
    noCache: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
  };
  const outputTokens = { total: 0, text: undefined, reasoning: undefined };
  const usage = countUsage({ inputTokens: nothing, outputTokens, raw: { input_tokens: 0 } });
  assert.equal(usage, undefined);
});
