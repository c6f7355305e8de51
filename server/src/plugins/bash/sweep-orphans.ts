import { readdir, readFile } from "node:fs/promises";
import type { CallProcess } from "../../core/tool/tool.ts";
import { isOfThisBoot, signalGroup, startTimeOf, statFields } from "./process-identity.ts";

/** The variable by which every process of a call can be known; its value is the gate's id. */
export const groupMark = "DAPHNIA_GROUP";

/**
 * Ends what calls of a daemon that died have left running; call it before any
 * call of this one begins. Answers how many groups or strays it ended.
 *
 * O1: a group is killed where its leader lives and began when the record says.
 * O2: where the leader is gone, its id says nothing, for it may name a newer
 *     group. Then, on Linux, only processes are killed that carry the call's mark
 *     in the environment they were started with. The same finds those that left
 *     the group. Where the id belongs to a newer process, nothing is killed.
 * O3: a record of an earlier boot names nobody.
 */
export async function sweepOrphans(
  processes: readonly Pick<CallProcess, "pid" | "startTime">[],
): Promise<number> {
  const marks = new Set<string>();
  let ended = 0;
  for (const { pid, startTime } of processes) {
    if (pid <= 1 || !(await isOfThisBoot(startTime))) continue;
    const found = await startTimeOf(pid);
    if (found === startTime && signalGroup(pid, "SIGKILL")) ended++;
    if (found === startTime || found === undefined) marks.add(`${groupMark}=${pid}`);
  }
  if (process.platform !== "linux" || marks.size === 0) return ended;
  // Twice: a stray that forks while it is looked for leaves a child that carries the mark too.
  for (let round = 0; round < 2; round++) ended += await killMarked(marks);
  return ended;
}

async function killMarked(marks: ReadonlySet<string>): Promise<number> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  let ended = 0;
  for (const id of ids) {
    const pid = Number(id);
    if (pid === process.pid || !(await isMarked(id, marks))) continue;
    try {
      process.kill(pid, "SIGKILL");
      ended++;
    } catch {
      // It ended while it was looked at.
    }
  }
  return ended;
}

async function isMarked(id: string, marks: ReadonlySet<string>): Promise<boolean> {
  try {
    const environment = (await readFile(`/proc/${id}/environ`, "utf8")).split("\0");
    if (!environment.some((entry) => marks.has(entry))) return false;
    const state = statFields(await readFile(`/proc/${id}/stat`, "utf8"))[0];
    return state !== "Z";
  } catch {
    return false; // it is gone, or somebody else's
  }
}
