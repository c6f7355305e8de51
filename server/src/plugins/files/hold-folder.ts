import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { causeOf, codeOf, type Pin, type PinProblem, pinPath, refuse } from "./pin-path.ts";

/**
 * Holds a folder. What is missing of it is made, where `makes` is set, one by one
 * from what is there: each in the folder that is held, none through a link.
 */
export async function holdFolder(path: string, makes: boolean): Promise<Pin | PinProblem> {
  const missing: string[] = [];
  let found = await pinPath(path);
  for (let above = path; "problem" in found && found.isMissing && makes; ) {
    missing.unshift(basename(above));
    above = dirname(above);
    found = await pinPath(above);
  }
  for (const name of missing) {
    if ("problem" in found) return found;
    await using parent = found;
    const problem = await makeFolder(join(parent.route, name));
    found = problem ?? (await pinPath(join(parent.path, name)));
  }
  if (!("problem" in found) && !found.stats.isDirectory()) {
    await found[Symbol.asyncDispose]();
    return refuse("a part of its path is a file, not a folder");
  }
  return found;
}

/** Words for an error of the file system when something is changed. */
export function whyNotWritten(error: unknown): string {
  return problems[codeOf(error)] ?? causeOf(error);
}

const problems: Readonly<Record<string, string>> = {
  EACCES: "the daemon's user may not change it, or its folder",
  EPERM: "the daemon's user may not change it, or give it to whom it belongs",
  EROFS: "it lies on a disk that can only be read",
  ENOSPC: "there is no room left on its disk",
  EDQUOT: "there is no room left for the daemon's user on its disk",
};

async function makeFolder(route: string): Promise<PinProblem | undefined> {
  try {
    await mkdir(route);
    return undefined;
  } catch (error) {
    return codeOf(error) === "EEXIST" ? undefined : refuse(whyNotWritten(error));
  }
}
