import { readdir, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

/** A file that pages may load. */
export interface PageFile {
  readonly file: string;
  readonly type: string;
  /** Changes with the file. */
  readonly tag: string;
  /** Its name says what is in it, so it never changes. */
  readonly isHashed: boolean;
  /** Files with the same, packed, by the encoding's name. */
  readonly packed: ReadonlyMap<string, string>;
}

/**
 * The built files of a page.
 *
 * F1: only what was found in the folder is served. No path that a client sends is ever looked
 * up on the disk, so none can lead out of it.
 * F2: nothing is read before the first is asked for, and no content is kept.
 */
export interface PageFolder {
  /** The file at a path such as `/assets/main.js`. */
  find(path: string): Promise<PageFile | undefined>;
  /** The page itself. Looks whether it was built anew. */
  index(): Promise<PageFile | undefined>;
}

type Files = ReadonlyMap<string, PageFile>;

const indexPath = "/index.html";

export function createPageFolder(folder: string): PageFolder {
  let listed: Promise<Files> | undefined;
  const list = () => {
    listed ??= listFiles(folder);
    listed.catch(() => {
      listed = undefined; // whoever waits for it is told; the next one tries again
    });
    return listed;
  };
  return {
    find: async (path) => (await list()).get(path),
    async index() {
      const known = (await list()).get(indexPath);
      const tag = await tagOf(join(folder, indexPath));
      if (known?.tag === tag) return known;
      listed = undefined;
      return (await list()).get(indexPath);
    },
  };
}

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/** Encodings, best first, and how a file's packed twin ends. */
export const encodings = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

async function listFiles(folder: string): Promise<Files> {
  const found = new Map<string, string>();
  for (const file of await filesIn(folder)) {
    found.set(`/${relative(folder, file).split(sep).join("/")}`, file);
  }
  const files = new Map<string, PageFile>();
  for (const [path, file] of found) {
    const type = types[extname(path)];
    if (type === undefined) continue; // a packed twin, or nothing that a page loads
    const packed = new Map<string, string>();
    for (const [name, ending] of encodings) {
      const twin = found.get(`${path}${ending}`);
      if (twin !== undefined) packed.set(name, twin);
    }
    const tag = (await tagOf(file)) ?? "";
    const isHashed = /^\/assets\/.*-[\w-]{8}\.\w+$/.test(path);
    files.set(path, { file, tag, type, isHashed, packed });
  }
  return files;
}

/** Every plain file in a folder; none where there is no folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function tagOf(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size } = await stat(file);
    return `W/"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** True where a file or its folder is not there. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "ENOENT" || error.code === "ENOTDIR";
}
