import { InvalidArgumentError } from "commander";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Timers count in 32 bits. */
const longest = 24 * 3_600_000;

/** Milliseconds of `90`, `90s`, `5m` or `1h`; seconds where no unit is given. */
export function readDuration(text: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const milliseconds = Number(number) * (units[unit] ?? 0);
  if (!(milliseconds > 0 && milliseconds <= longest)) {
    throw new InvalidArgumentError("Expected a time of at most 24h, such as 90s, 5m or 1h.");
  }
  return milliseconds;
}

/** A whole number from 1. */
export function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Expected a number from 1.");
  return Number(text);
}

/** How many times as fast; infinitely for `max` or 0. */
export function readSpeed(text: string): number {
  if (text === "max") return Number.POSITIVE_INFINITY;
  if (!/^\d{1,6}(\.\d+)?$/.test(text)) {
    throw new InvalidArgumentError("Expected how many times as fast, such as 2 or 0.5, or max.");
  }
  return Number(text) || Number.POSITIVE_INFINITY;
}

/** `key=value` pairs, collected. */
export function readLabel(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected key=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Values of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
