import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema } from "@daphnia/protocol/usage";
import type { StreamPart, TokenCounts } from "./language-model.ts";

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

/** The tokens that one provider tells before its answer, in a part that says nothing else of use. */
export function countFirstUsage(part: StreamPart): Usage | undefined {
  if (part.type !== "custom" || part.kind !== "anthropic.message_start") return undefined;
  const usage = part.providerMetadata?.["anthropic"]?.["usage"];
  const told = typeof usage === "object" && usage !== null ? Object.entries(usage) : [];
  const count = (name: string) => {
    const value: unknown = told.find(([key]) => key === name)?.[1];
    return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : 0n;
  };
  const cacheReadTokens = count("cache_read_input_tokens");
  const cacheWriteTokens = count("cache_creation_input_tokens");
  return create(UsageSchema, {
    inputTokens: count("input_tokens") + cacheReadTokens + cacheWriteTokens,
    outputTokens: count("output_tokens"),
    cacheReadTokens,
    cacheWriteTokens,
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
