import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema } from "@daphnia/protocol/usage";
import type { TokenCounts } from "./language-model.ts";

/** The tokens that the provider told, or undefined where it told none. */
export function countUsage({ inputTokens, outputTokens, raw }: TokenCounts): Usage | undefined {
  const input = inputTokens.total ?? 0;
  const written = outputTokens.total ?? 0;
  if (input === 0 && written === 0 && !tells(raw)) return undefined;
  const thinking = outputTokens.reasoning ?? 0;
  const output = countsThinkingApart(raw, written, thinking) ? written + thinking : written;
  return create(UsageSchema, {
    inputTokens: BigInt(input),
    outputTokens: BigInt(output),
    cacheReadTokens: BigInt(inputTokens.cacheRead ?? 0),
    cacheWriteTokens: BigInt(inputTokens.cacheWrite ?? 0),
    thinkingTokens: BigInt(thinking),
  });
}

/** Some servers do not count thinking among the output; their own total tells. */
function countsThinkingApart(raw: TokenCounts["raw"], written: number, thinking: number): boolean {
  if (thinking === 0) return false;
  if (thinking > written) return true;
  const { prompt_tokens: prompt, total_tokens: total } = raw ?? {};
  return (
    typeof prompt === "number" && typeof total === "number" && total === prompt + written + thinking
  );
}

function tells(raw: TokenCounts["raw"]): boolean {
  return Object.values(raw ?? {}).some((value) => typeof value === "number" && value > 0);
}
