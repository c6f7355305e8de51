import { lstat, mkdir, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isId } from "../../base/ids.ts";

/**
 * A folder for the temporary files of each session's commands, which lasts from one
 * to the next. It is the owner's alone; a week after the last command it is removed.
 */
export interface PrivateTemp {
  /** Undefined where there can be none that is ours alone. */
  folderOf(sessionId: string): Promise<string | undefined>;
}

const oldAfter = 7 * 24 * 60 * 60 * 1000;

export function createPrivateTemp(base = join(tmpdir(), `daphnia-${userId()}`)): PrivateTemp {
  let swept: Promise<void> | undefined;
  return {
    async folderOf(sessionId) {
      if (!isId(sessionId) || !(await isOurs(base))) return undefined;
      const folder = join(base, sessionId);
      if (!(await isOurs(folder))) return undefined;
      const now = new Date();
      await utimes(folder, now, now);
      swept ??= sweep(base);
      await swept;
      return folder;
    },
  };
}

/** The folder, made where it is missing; false where it is somebody else's, or open to others. */
async function isOurs(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EEXIST") return false; // a disk that is full or read-only has no room for it
  }
  const stats = await lstat(folder);
  return stats.isDirectory() && stats.uid === userId() && (stats.mode & 0o077) === 0;
}

async function sweep(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const folder = join(base, name);
    const stats = await lstat(folder).catch(() => undefined); // another daemon sweeps here too
    if (stats === undefined || Date.now() - stats.mtimeMs < oldAfter) continue;
    // What a command made unreadable for its owner too stays until somebody looks at it.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function userId(): number {
  return process.getuid?.() ?? 0;
}
