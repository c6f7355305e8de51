import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const prefix = "daphnia-";
const namePattern = /^[a-z][a-z0-9-]{0,31}$/;

/**
 * The programs called `daphnia-NAME` on PATH, by that name. The first folder that has one
 * counts. Folders that are not absolute do not: what lies where somebody happens to stand
 * is nobody's choice.
 */
export function externalCommands(path = process.env["PATH"] ?? ""): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    for (const file of filesOf(folder)) {
      const name = file.slice(prefix.length);
      if (!file.startsWith(prefix) || !namePattern.test(name) || found.has(name)) continue;
      const program = join(folder, file);
      if (isProgram(program)) found.set(name, program);
    }
  }
  return found;
}

/** What the help says of them, besides those that a built-in one hides. */
export function externalHelp(builtIn: readonly string[]): string {
  const names = [...externalCommands().keys()].filter((name) => !builtIn.includes(name)).sort();
  if (names.length === 0) return "";
  return `\nOn PATH, each with a --help of its own:\n${names.map((name) => `  ${name}`).join("\n")}`;
}

/** What is in a folder of PATH; many of them are not there, and others not ours to read. */
function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
