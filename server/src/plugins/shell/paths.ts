import { posix } from "node:path";
import type { Argument } from "./argument.ts";
import type { Disk } from "./scene.ts";

const mostNames = 512;

/**
 * The real paths that a word may name, seen from each folder that the shell may
 * be in; undefined where that cannot be told.
 */
export function pathsOf(
  word: Argument,
  cwds: readonly string[],
  disk: Disk,
): readonly string[] | undefined {
  if (word.text === null) return undefined;
  const found = new Set<string>();
  for (const cwd of cwds) {
    const named = word.pattern === undefined ? [word.text] : expand(word.pattern, cwd, disk);
    if (named === undefined) return undefined;
    for (const path of named) for (const real of bothWays(path, cwd, disk)) found.add(real);
  }
  return [...found];
}

/** A path with `..` taken away first, as `cd` does, and step by step, as the system does. */
function bothWays(path: string, cwd: string, disk: Disk): readonly string[] {
  const plain = disk.real(posix.resolve(cwd, path));
  if (!path.split("/").includes("..")) return [plain];
  let here = path.startsWith("/") ? "/" : cwd;
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    here = step === ".." ? posix.dirname(here) : disk.real(posix.join(here, step));
  }
  return [plain, here];
}

/**
 * Names that a pattern may stand for, and more: of each step only what stands
 * before the first and behind the last wildcard is compared.
 */
function expand(pattern: string, cwd: string, disk: Disk): readonly string[] | undefined {
  const steps = pattern.split("/");
  let paths = [pattern.startsWith("/") ? "/" : ""];
  let isBehindWildcard = false;
  for (const step of steps) {
    if (step === "") continue;
    const literal = literalOf(step);
    if (literal !== undefined) {
      if (literal === ".." && isBehindWildcard) return undefined;
      paths = paths.map((path) => posix.join(path, literal));
      continue;
    }
    isBehindWildcard = true;
    const ends = endsOf(step);
    paths = paths.flatMap((path) =>
      disk
        .names(posix.resolve(cwd, path))
        .filter((name) => name.startsWith(ends.head) && name.endsWith(ends.tail))
        .filter((name) => !name.startsWith(".") || step.startsWith("."))
        .map((name) => posix.join(path, name)),
    );
    if (paths.length > mostNames) return undefined;
  }
  // Where nothing fits, bash hands on the pattern itself; its folder is claimed in any case.
  return [...paths, pattern.replaceAll("\\", "")];
}

function literalOf(step: string): string | undefined {
  return /(^|[^\\])[*?[]/.test(step) ? undefined : step.replace(/\\(.)/g, "$1");
}

function endsOf(step: string): { readonly head: string; readonly tail: string } {
  const first = step.search(/[*?[\\]/);
  const last = Math.max(...["*", "?", "]", "\\"].map((sign) => step.lastIndexOf(sign)));
  return { head: step.slice(0, first), tail: step[last] === "\\" ? "" : step.slice(last + 1) };
}
