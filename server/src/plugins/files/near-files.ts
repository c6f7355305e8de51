import { opendir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { nearNames } from "../../base/near.ts";
import { pinPath } from "./pin-path.ts";
import { isInside } from "./shown-path.ts";

/**
 * At most three names in the folder of a missing file that may be meant by it.
 * Names are only told of folders inside `roots`, and of the first 5000 entries.
 */
export async function nearFiles(path: string, roots: readonly string[]): Promise<string[]> {
  const folder = dirname(path);
  if (!roots.some((root) => isInside(root, folder))) return [];
  const pinned = await pinPath(folder);
  if ("problem" in pinned) return [];
  await using pin = pinned;
  const byPlain = new Map((await namesIn(pin.route)).map((name) => [plain(name), name]));
  const near = nearNames(plain(basename(path)), [...byPlain.keys()]);
  return near.flatMap((name) => byPlain.get(name) ?? []);
}

const maxEntries = 5000;

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      names.push(entry.name);
      if (names.length === maxEntries) break;
    }
  } catch {
    // A folder that may not be listed has no names to tell.
  }
  return names;
}

/** A name without what people confuse: case, composition, and the marks between words. */
function plain(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[-_\s]/g, "");
}
