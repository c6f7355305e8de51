import type { Claim } from "../../core/tool/tool.ts";

/** What analysis asks the disk, and no more. All of it answers at once. */
export interface Disk {
  /** The real path of an absolute one; what is missing keeps its name below what is there. */
  real(path: string): string;
  /** Names in a folder; none where it cannot be listed. */
  names(folder: string): readonly string[];
  /** The text of a small file; undefined where there is none. */
  text(path: string): string | undefined;
}

/** Where a line would run. Paths are real and absolute. */
export interface Scene {
  readonly cwd: string;
  readonly home: string;
  readonly roots: readonly string[];
  readonly closed: readonly string[];
  readonly disk: Disk;
}

/** A claim, and the piece of the line that makes it. */
export interface Finding {
  readonly claim: Claim;
  readonly text: string;
}

/** Both are absolute. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
