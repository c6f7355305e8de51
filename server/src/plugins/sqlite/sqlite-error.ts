import { DaemonError } from "../../base/errors.ts";

/** SQLite's primary result code of an error, or undefined for any other error. */
export function errorCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** Read-only, or no space left: nothing was kept, and it may work again later. */
export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 8 || code === 13;
}

const fullDisk: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/** Writes files; says that the store is full where the disk has no space for them. */
export async function withSpace<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const isNoSpace = error instanceof Error && "code" in error && fullDisk.has(error.code);
    throw isNoSpace ? storeFull(error) : error;
  }
}

/** A damaged page, or a file shorter than it says. */
export function isCorrupt(error: unknown): boolean {
  return errorCode(error) === 11;
}

export function storeFull(cause: unknown): DaemonError {
  return new DaemonError(
    "unavailable",
    "the store cannot write: no space is left, or the disk is read-only",
    { reason: "STORE_FULL", retryAfter: 1000 },
    { cause },
  );
}

export function storeCorrupt(cause: unknown): DaemonError {
  return new DaemonError(
    "internal",
    "a page of the store is corrupt; run `daphnia doctor --deep`, or restore a backup",
    { reason: "STORE_CORRUPT" },
    { cause },
  );
}
