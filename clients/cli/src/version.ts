import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The version of this command line: its package's, or the one it was bundled with. */
export const version: string = process.env["DAPHNIA_BUNDLED_VERSION"] ?? readVersion();

function readVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
  const parsed: { version?: unknown } = JSON.parse(text);
  return typeof parsed.version === "string" ? parsed.version : "0.0.0";
}

/** True when version `a` came after version `b`. */
export function isNewer(a: string, b: string): boolean {
  const [mine, others] = [numbersOf(a), numbersOf(b)];
  const at = mine.findIndex((number, i) => number !== others[i]);
  return at >= 0 && (mine[at] ?? 0) > (others[at] ?? 0);
}

function numbersOf(version: string): readonly number[] {
  const [main = ""] = version.split(/[-+]/);
  const numbers = main.split(".").map((part) => Number.parseInt(part, 10) || 0);
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}
