import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema } from "@daphnia/protocol/usage";

/** The sum of two counts of tokens. */
export function addUsage(sum: Usage | undefined, usage: Usage): Usage {
  return create(UsageSchema, {
    inputTokens: (sum?.inputTokens ?? 0n) + usage.inputTokens,
    outputTokens: (sum?.outputTokens ?? 0n) + usage.outputTokens,
    cacheReadTokens: (sum?.cacheReadTokens ?? 0n) + usage.cacheReadTokens,
    cacheWriteTokens: (sum?.cacheWriteTokens ?? 0n) + usage.cacheWriteTokens,
    thinkingTokens: (sum?.thinkingTokens ?? 0n) + usage.thinkingTokens,
  });
}
