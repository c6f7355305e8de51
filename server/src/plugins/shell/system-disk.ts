import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { posix } from "node:path";
import type { Disk } from "./scene.ts";

const mostBytes = 1 << 20;

/** The disk as it is now. Nothing is kept: a decision is about this moment. */
export const systemDisk: Disk = {
  real(path) {
    const rest: string[] = [];
    for (let known = path; ; known = posix.dirname(known)) {
      const found = attempt(() => realpathSync.native(known));
      if (found !== undefined) return posix.join(found, ...rest);
      if (known === "/") return path;
      rest.unshift(posix.basename(known));
    }
  },
  names: (folder) => attempt(() => readdirSync(folder)) ?? [],
  text(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > mostBytes) return undefined;
    return attempt(() => readFileSync(path, "utf8"));
  },
};

/** What the system refuses to tell is as if it were not there. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
