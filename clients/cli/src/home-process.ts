import { readFileSync } from "node:fs";
import { pathsOf } from "@daphnia/client/home";

/**
 * The process that serves a home, or is about to, or is not yet done with it. The file
 * that names it goes when the home is closed; a crash leaves it behind.
 */
export function processOf(home: string): number | undefined {
  try {
    const { pid }: { pid?: unknown } = JSON.parse(readFileSync(pathsOf({ home }).pidFile, "utf8"));
    return typeof pid === "number" && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined; // none was written, or not whole
  }
}

/** True while a process runs. One that ended and that nobody has asked about does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return !isZombie(pid);
}

/** On Linux, the letter behind the name tells; where there is no such file, nobody needs it. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
