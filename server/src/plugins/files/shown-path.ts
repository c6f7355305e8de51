import { isAbsolute, relative } from "node:path";

/** True for the folder itself and everything in it. Both paths are absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/** A path as a model reads it: from `cwd` when it is inside, quoted when it would break a line. */
export function shownPath(path: string, cwd: string): string {
  const shown = isInside(cwd, path) ? relative(cwd, path) || "." : path;
  return /\p{Cc}/u.test(shown) ? JSON.stringify(shown) : shown;
}
