import type { Failure } from "./failure.ts";

/** Milliseconds that the provider asks to wait: in a header, or as Google's RetryInfo in the body. */
export function retryAfterOf({ headers, words }: Failure, now: Date): number | undefined {
  const milliseconds = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (milliseconds >= 0) return Math.ceil(milliseconds);
  const header = headers["retry-after"];
  if (typeof header === "string" && header.trim() !== "") {
    const seconds = Number(header);
    if (seconds >= 0) return Math.ceil(seconds * 1000);
    const date = Date.parse(header);
    if (!Number.isNaN(date)) return Math.max(0, date - now.getTime());
  }
  const delay = /"retryDelay":\s*"(\d+(?:\.\d+)?)s"/.exec(words)?.[1];
  return delay === undefined ? undefined : Math.ceil(Number(delay) * 1000);
}
