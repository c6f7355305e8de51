import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { holdFolder, whyNotWritten } from "./hold-folder.ts";
import { codeOf, type Pin, type PinProblem, refuse } from "./pin-path.ts";
import type { FileNow } from "./read-file-now.ts";
import { temporaryName } from "./temporary-files.ts";

/** What was written: its digest is SHA-256 in lower-case hex, empty where the file was removed. */
export interface Written {
  readonly digest: string;
}

/** What to put in a file's place. */
export interface Replacing {
  /** What it is to hold; undefined removes it. */
  readonly bytes: Uint8Array | undefined;
  /** What it holds, as far as anybody knows. */
  readonly before: FileNow;
  /** Permission bits; undefined for what is usual for a new file. */
  readonly mode: number | undefined;
}

/**
 * Puts new content in a file's place, or removes it.
 *
 * R1: readers see the file before or after, nothing between; what is written is
 *     synced before it is seen.
 * R2: nothing is written outside the folder that the path's words mean: the folder
 *     is held by a pin, and no name in it is followed where it is a link. Where the
 *     system cannot hold folders (not Linux), the path is looked at again instead.
 * R3: it is replaced only while it is what `before` says, and a new file never takes
 *     the place of another. A hard link to it keeps the old content.
 * R4: the permission bits that say who may read it stay, and so does its owner.
 */
export async function replaceFile(
  path: string,
  replacing: Replacing,
): Promise<Written | PinProblem> {
  const held = await holdFolder(dirname(path), replacing.bytes !== undefined);
  if ("problem" in held) return held;
  await using folder = held;
  const target = join(folder.route, basename(path));
  try {
    if (replacing.bytes !== undefined) {
      return await swap(folder, target, { ...replacing, bytes: replacing.bytes });
    }
    if (!(await isStill(folder, target, replacing.before))) return changed;
    await unlink(target);
    return { digest: "" };
  } catch (error) {
    return refuse(whyNotWritten(error));
  }
}

const changed = refuse("it changed while it was about to be written; read it again");

async function swap(
  folder: Pin,
  target: string,
  { bytes, before, mode }: Replacing & { readonly bytes: Uint8Array },
): Promise<Written | PinProblem> {
  const temporary = join(folder.route, temporaryName());
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const file = await open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode ?? 0o666);
  try {
    try {
      if (!(await folder.isThere())) return changed;
      await file.writeFile(bytes);
      await keepOwner(file, before);
      if (mode !== undefined) await file.chmod(mode & 0o777); // whatever the mask takes away
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await isStill(folder, target, before))) return changed;
    await (before === undefined ? place(temporary, target) : rename(temporary, target));
  } catch (error) {
    if (before === undefined && codeOf(error) === "EEXIST") return changed;
    throw error;
  } finally {
    await unlink(temporary).catch(() => {}); // it was renamed, or its folder is closed to us now
  }
  return { digest: createHash("sha256").update(bytes).digest("hex") };
}

async function keepOwner(file: FileHandle, before: FileNow): Promise<void> {
  if (before === undefined) return;
  const { uid, gid } = before.stats;
  const made = await file.stat({ bigint: true });
  if (made.uid !== uid || made.gid !== gid) await file.chown(Number(uid), Number(gid));
}

/** Gives a file its name, unless there is something of that name. */
async function place(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    // Some file systems have no hard links.
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(codeOf(error))) throw error;
    await rename(temporary, target);
  }
}

async function isStill(folder: Pin, target: string, before: FileNow): Promise<boolean> {
  if (!(await folder.isThere())) return false;
  const now = await statsOf(target);
  if (now === undefined || before === undefined) return now === before;
  return stampOf(now) === stampOf(before.stats);
}

async function statsOf(target: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(target, { bigint: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
