import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "vite";

const root = join(import.meta.dirname, "..");
const stampFile = join(root, "dist", ".sources");
const lock = join(root, "../../node_modules/.cache/dashboard-build");
/** What the page is made of beside its own sources. */
const sources = ["src", "index.html", "vite.config.ts", "public", "../sdk/src", "../../gen/src"];

/** The folder of the built page. */
export const built = join(root, "dist");

/**
 * Builds the page, unless it is built of what is there now. Test files run beside each other:
 * one builds and the others wait.
 */
export async function buildPage(): Promise<void> {
  const stamp = await stampOf();
  while (!(await isBuiltOf(stamp))) {
    if (!(await take())) {
      await sleep(100); // another process builds
      continue;
    }
    try {
      await build({ root, logLevel: "error" });
      await writeFile(stampFile, stamp);
    } finally {
      await rm(lock, { recursive: true });
    }
  }
}

async function isBuiltOf(stamp: string): Promise<boolean> {
  if (await isThere(lock)) return false;
  return (await readFile(stampFile, "utf8").catch(() => "")) === stamp; // none was built yet
}

/** False where another process builds. One that was killed long ago does not. */
async function take(): Promise<boolean> {
  try {
    await mkdir(dirname(lock), { recursive: true });
    await mkdir(lock);
    return true;
  } catch {
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 60_000) await rm(lock, { recursive: true, force: true });
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The newest change of what the page is made of, and how many files that is. */
async function stampOf(): Promise<string> {
  const times = (await Promise.all(sources.map((path) => timesOf(join(root, path))))).flat();
  return `${times.length} files, the newest of ${Math.max(...times)}`;
}

async function timesOf(path: string): Promise<number[]> {
  const found = await stat(path);
  if (!found.isDirectory()) return [found.mtimeMs];
  const names = await readdir(path, { recursive: true });
  return Promise.all(names.map(async (name) => (await stat(join(path, name))).mtimeMs));
}
