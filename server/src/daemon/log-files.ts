import { closeSync, renameSync, rmSync } from "node:fs";

/** Files of the log that are kept, the current one included. */
const mostFiles = 5;

/** The files of a log from the newest to the oldest, there or not. */
export function logFiles(path: string): readonly string[] {
  return Array.from({ length: mostFiles }, (_, i) => (i === 0 ? path : `${path}.${i}`));
}

/** Moves every file one place on, lets the last one go, and opens a new first one. */
export function rotate(path: string, fd: number, open: () => number): number {
  const files = logFiles(path);
  const last = files.at(-1);
  if (last !== undefined) rmSync(last, { force: true });
  for (let i = files.length - 1; i > 0; i--) move(files[i - 1] ?? path, files[i] ?? path);
  const next = open();
  closeSync(fd);
  return next;
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
}
