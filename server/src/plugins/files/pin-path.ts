import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";

/**
 * Holds the file or folder that a claim named, so that what is judged is what
 * is touched.
 *
 * P1: a pin is never on a symbolic link, nor reached through one.
 * P2: on Linux nothing is opened for reading before it is known to be the
 *     claimed one, and `route` and `openFile` cannot be led elsewhere afterwards.
 *     Elsewhere `openFile` compares what it opened; `route` is only the path.
 */
export interface Pin extends AsyncDisposable {
  /** The real path that was pinned. */
  readonly path: string;
  readonly stats: BigIntStats;
  /** The descriptor that holds it; a child may inherit it. */
  readonly descriptor: number;
  /** A path that leads to it while it is held. */
  readonly route: string;
  /** Opens a regular file for reading; the caller closes it. Rejects as `open` does. */
  openFile(): Promise<FileHandle>;
  /** Whether its path still leads to it, without a link. */
  isThere(): Promise<boolean>;
}

/** Why there is no pin: words for the model, and whether it is simply not there. */
export interface PinProblem {
  readonly problem: string;
  readonly isMissing: boolean;
}

/** Pins a real path. Files of `sealed` are refused without opening them. */
export async function pinPath(
  path: string,
  sealed: readonly string[] = [],
): Promise<Pin | PinProblem> {
  let handle: FileHandle | undefined;
  try {
    if (!isLinux && (await isSealed(await lstat(path, { bigint: true }), sealed)))
      return sealedProblem;
    handle = await open(path, pinFlags);
    const stats = await handle.stat({ bigint: true });
    const problem = await problemOf(path, handle, stats, sealed);
    if (problem === undefined) return createPin(path, handle, stats);
    await handle.close();
    return refuse(problem);
  } catch (error) {
    await handle?.close();
    return { problem: causeOf(error), isMissing: isMissing(error) };
  }
}

/** What is there, and is not to be touched. */
export const refuse = (problem: string): PinProblem => ({ problem, isMissing: false });

/** Words for an error of the file system. */
export function causeOf(error: unknown): string {
  const code = codeOf(error);
  return problems[code] ?? `the system answers ${code || String(error)}`;
}

const isLinux = process.platform === "linux";

/** Linux only: a descriptor that names a file without opening it. Node does not export it. */
const onlyThePath = 0o10000000;

const pinFlags = isLinux
  ? onlyThePath | constants.O_NOFOLLOW
  : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const changed = "it changed while it was looked at and is not what was asked for; ask again";

const sealedProblem = refuse("it belongs to the daemon and is never read");

const problems: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it does not exist: a part of its path is a file, not a folder",
  EACCES: "the daemon's user may not read it",
  EPERM: "the daemon's user may not read it",
  ELOOP: changed,
  ENAMETOOLONG: "its name is too long",
  EISDIR: "it is a folder",
};

async function problemOf(
  path: string,
  handle: FileHandle,
  stats: BigIntStats,
  sealed: readonly string[],
): Promise<string | undefined> {
  if (await isSealed(stats, sealed)) return sealedProblem.problem;
  if (!(await leadsTo(path, handle, stats))) return changed;
  if (stats.isSymbolicLink())
    return "it is a symbolic link that leads nowhere, or has just become one";
  return undefined;
}

async function leadsTo(path: string, handle: FileHandle, stats: BigIntStats): Promise<boolean> {
  if (isLinux) return (await readlink(`/proc/self/fd/${handle.fd}`)) === path;
  return (await realpath(path)) === path && isSame(await stat(path, { bigint: true }), stats);
}

function createPin(path: string, handle: FileHandle, stats: BigIntStats): Pin {
  const route = isLinux ? `/proc/self/fd/${handle.fd}` : path;
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (isLinux ? 0 : constants.O_NOFOLLOW);
  return {
    path,
    stats,
    descriptor: handle.fd,
    route,
    async openFile() {
      const file = await open(route, flags);
      if (isSame(await file.stat({ bigint: true }), stats)) return file;
      await file.close();
      throw Object.assign(new Error(changed), { code: "ELOOP" });
    },
    isThere: () => leadsTo(path, handle, stats).catch(() => false), // there is nothing any more
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function isSealed(stats: BigIntStats, sealed: readonly string[]): Promise<boolean> {
  for (const path of sealed) {
    const known = await stat(path, { bigint: true }).catch(() => undefined); // not made yet
    if (known !== undefined && isSame(known, stats)) return true;
  }
  return false;
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

/** The system's name for an error; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
