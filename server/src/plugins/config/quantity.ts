const sizes = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
] as const;

const durations = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Bytes of `64 KiB`; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  return parse(text, /^(\d{1,15}) ?(GiB|MiB|KiB|B)$/, sizes);
}

/** Milliseconds of `10s`; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  return parse(text, /^(\d{1,12}(?:\.\d{1,3})?) ?(h|ms|m|s)$/, durations);
}

/** The shortest way to write it: `64 KiB`. */
export function formatSize(bytes: number): string {
  return format(bytes, " ", sizes);
}

/** The shortest way to write it: `10s`. */
export function formatDuration(milliseconds: number): string {
  return format(milliseconds, "", durations);
}

type Units = readonly (readonly [string, number])[];

function parse(text: string, pattern: RegExp, units: Units): number | undefined {
  const [, count, name] = pattern.exec(text) ?? [];
  const [, factor] = units.find(([unit]) => unit === name) ?? [];
  if (count === undefined || factor === undefined) return undefined;
  const amount = Number(count) * factor;
  return Number.isSafeInteger(amount) ? amount : undefined;
}

function format(amount: number, gap: string, units: Units): string {
  const found = amount === 0 ? undefined : units.find(([, factor]) => amount % factor === 0);
  const [unit, factor] = found ?? [units === sizes ? "B" : "s", 1];
  return `${amount / factor}${gap}${unit}`;
}
