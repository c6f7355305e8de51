import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { access, constants, type FileHandle } from "node:fs/promises";
import { whyNotWritten } from "./hold-folder.ts";
import { type PinProblem, pinPath, refuse } from "./pin-path.ts";

/** Bytes of the largest file that is changed: what it held is kept, to be put back. */
export const largestFile = 10 * 1024 * 1024;

/** A file as it is, or that there is none. */
export type FileNow =
  | {
      readonly bytes: Buffer;
      readonly stats: BigIntStats;
      /** SHA-256 in lower-case hex. */
      readonly digest: string;
    }
  | undefined;

/**
 * Reads a whole plain file that is to be changed; undefined where there is none.
 * Words where it is none to change.
 */
export async function readFileNow(
  path: string,
  sealed: readonly string[],
): Promise<{ readonly now: FileNow } | PinProblem> {
  const pinned = await pinPath(path, sealed);
  if ("problem" in pinned) {
    // One that is yet to be made belongs to the daemon too.
    if (pinned.isMissing && sealed.includes(path)) return refuse("it belongs to the daemon");
    return pinned.isMissing ? { now: undefined } : pinned;
  }
  await using pin = pinned;
  const { stats } = pin;
  if (stats.isDirectory()) return refuse("it is a folder");
  if (!stats.isFile()) return refuse("it is a device, pipe or socket, not a file");
  if (stats.size > BigInt(largestFile)) {
    return refuse(`it is larger than ${largestFile} bytes, the most that is changed at once`);
  }
  try {
    await access(pin.route, constants.W_OK);
    await using file = await pin.openFile();
    const bytes = await readAll(file, Number(stats.size));
    if (bytes === undefined) return refuse("it changed while it was read; read it again");
    return { now: { bytes, stats, digest: createHash("sha256").update(bytes).digest("hex") } };
  } catch (error) {
    return refuse(whyNotWritten(error));
  }
}

/** Undefined where it is no longer of that size. */
async function readAll(file: FileHandle, size: number): Promise<Buffer | undefined> {
  const buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length > size) break;
  }
  return length === size ? buffer.subarray(0, size) : undefined;
}
