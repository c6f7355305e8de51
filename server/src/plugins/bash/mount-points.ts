import { mkdirSync, rmdirSync } from "node:fs";

/**
 * Empty folders for what must not come to be: only what is there can be mounted
 * over. Counted, since a folder that goes takes along the mounts that other
 * sandboxes have on it. Each step is synchronous, so that none comes between.
 */
export interface MountPoints {
  /** Makes those of the folders that are missing, and keeps them until `release`. */
  hold(paths: readonly string[]): MountHold;
}

export interface MountHold {
  /** Those that were made here, or by a hold that still lasts. */
  readonly made: readonly string[];
  /** Removes what was made, where nobody else needs it and nothing was put into it. */
  release(): void;
}

export function createMountPoints(): MountPoints {
  const holders = new Map<string, number>();
  return {
    hold(paths) {
      const made = paths.filter((path) => {
        const count = holders.get(path) ?? 0;
        if (count === 0 && !make(path)) return false;
        holders.set(path, count + 1);
        return true;
      });
      return {
        made,
        release() {
          for (const path of made) {
            const left = (holders.get(path) ?? 1) - 1;
            if (left > 0) holders.set(path, left);
            else holders.delete(path);
            if (left <= 0) remove(path);
          }
        },
      };
    },
  };
}

/** False where something is there, or where nobody can make it. */
function make(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || code === "EACCES" || code === "EROFS") return false;
    throw error;
  }
}

function remove(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody put something into it, so it is theirs now; or it is gone.
  }
}
