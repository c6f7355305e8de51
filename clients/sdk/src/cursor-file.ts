import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { CursorStore } from "./cursor-store.ts";

/** Keeps a cursor in a file of its own, whole even if the machine stops in the middle. */
export function createFileCursor(path: string): CursorStore {
  return {
    async load() {
      try {
        return (await readFile(path, "utf8")).trim();
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw error;
      }
    },
    async save(cursor) {
      await mkdir(dirname(path), { recursive: true });
      const next = `${path}.next`;
      const file = await open(next, "w", 0o600);
      try {
        await file.writeFile(`${cursor}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(next, path);
    },
  };
}
