import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Cost, Usage } from "@daphnia/protocol/usage";

/** Amounts as people read them. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function protoDurationText(duration: Duration | undefined): string {
  if (duration === undefined) return "";
  return durationText(Number(duration.seconds) * 1000 + duration.nanos / 1e6);
}

export function tokensText(usage: Usage | undefined): string {
  if (usage === undefined) return "tokens unknown";
  const { inputTokens, outputTokens, cacheReadTokens } = usage;
  const cached = cacheReadTokens > 0n ? ` (${cacheReadTokens} cached)` : "";
  return `${inputTokens} tokens in${cached}, ${outputTokens} out`;
}

/** What is unknown is called so; it is never 0. */
export function costText(cost: Cost | undefined): string {
  return cost === undefined ? "cost unknown" : moneyText(cost.currency, Number(cost.nanos));
}

/** An amount in billionths of a currency's unit. */
export function moneyText(currency: string, nanos: number): string {
  const amount = nanos / 1e9;
  const digits = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2;
  const text = amount.toFixed(digits);
  return currency === "USD" ? `$${text}` : `${text} ${currency}`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let amount = bytes;
  let unit = "B";
  for (const next of units) {
    if (amount < 1024) break;
    amount /= 1024;
    unit = next;
  }
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${unit}`;
}

/** How long ago something was. */
export function ageText(then: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - then.getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
