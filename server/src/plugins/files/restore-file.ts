import type { FileRestorer, Place } from "../../core/tool/tool.ts";
import { type FileNow, readFileNow } from "./read-file-now.ts";
import { replaceFile } from "./replace-file.ts";
import { resolveTarget } from "./resolve-target.ts";
import { isInside } from "./shown-path.ts";
import { whyNeverWritten } from "./why-never-written.ts";

/** Puts files back. Those of `sealed` are never opened. */
export function createFileRestorer(sealed: readonly string[]): FileRestorer {
  return {
    async restore({ path, before, after, mode }, place) {
      const misplaced = await whyNot(path, place);
      if (misplaced !== undefined) return misplaced;
      const found = await readFileNow(path, sealed);
      if ("problem" in found) return found.problem;
      const { now } = found;
      const changed = whatChanged(now, after);
      if (changed !== undefined) return changed;
      if (before === undefined && now === undefined) return undefined;
      const written = await replaceFile(path, {
        bytes: before && Buffer.from(before),
        before: now,
        mode: modeFor(now, mode),
      });
      return "problem" in written ? written.problem : undefined;
    },
  };
}

/** Who may read a file now was decided by somebody since, or is as it was. */
function modeFor(now: FileNow, mode: number): number | undefined {
  if (now !== undefined) return Number(now.stats.mode & 0o777n);
  return mode === 0 ? undefined : mode;
}

async function whyNot(
  path: string,
  { roots, closed }: Pick<Place, "roots" | "closed">,
): Promise<string | undefined> {
  if ((await resolveTarget(path, "/")) !== path) return "its path leads elsewhere now";
  const never = whyNeverWritten(path, closed);
  if (never !== undefined) return never;
  if (roots.some((root) => isInside(root, path))) return undefined;
  return "it lies outside the session's roots";
}

/** What became of a file that held what `after` says: nothing, where that is empty. */
function whatChanged(now: FileNow, after: string): string | undefined {
  if ((now?.digest ?? "") === after) return undefined;
  return now ? "it changed since" : "it is gone";
}
