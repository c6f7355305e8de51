import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The version of this daemon: its package's, or the one it was bundled with. */
export const version: string = process.env["DAPHNIA_BUNDLED_VERSION"] ?? readVersion();

function readVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const parsed: { version?: unknown } = JSON.parse(text);
  return typeof parsed.version === "string" ? parsed.version : "0.0.0";
}
