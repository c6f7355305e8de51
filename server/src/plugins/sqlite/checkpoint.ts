import type { DatabaseSync } from "node:sqlite";

/**
 * Copies the write-ahead log into the database from time to time: on this thread,
 * never from a second connection, which would starve under load.
 */
export interface Checkpointer {
  /** Called when nothing is in flight; checkpoints when enough has piled up. */
  check(): void;
  close(): void;
}

/** Frames of the log after which it is copied at once. */
const many = 4096;
const most = 16_384;
const some = 512;
const idleAfter = 2000;
const slow = 10;

export function createCheckpointer(
  db: DatabaseSync,
  deps: {
    onStarved: (frames: number) => void;
    /** Runs the copying and answers for its failure. */
    tend: (upkeep: () => void) => void;
    /** Copies after this many frames. */
    frames?: number;
  },
): Checkpointer {
  const look = db.prepare("PRAGMA wal_checkpoint(NOOP)");
  const copy = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  let limit = deps.frames ?? many;
  let idle: NodeJS.Timeout | undefined;

  function checkpoint(): void {
    const before = performance.now();
    const left = framesLeft(copy.get());
    // Where copying is slow, do it less often; recovery of 64 MB is still fast.
    if (performance.now() - before > slow) limit = Math.min(most, limit * 2);
    if (left > 0) deps.onStarved(left); // `busy` stays 0 then: only this tells
  }

  function checkAtRest(): void {
    idle = undefined;
    deps.tend(() => {
      if (framesLeft(look.get()) >= some) checkpoint();
    });
  }

  return {
    check() {
      if (framesLeft(look.get()) >= limit) checkpoint();
      idle ??= setTimeout(checkAtRest, idleAfter).unref();
      idle.refresh();
    },
    close() {
      clearTimeout(idle);
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    },
  };
}

function framesLeft(state: Record<string, unknown> | undefined): number {
  return Number(state?.["log"] ?? 0) - Number(state?.["checkpointed"] ?? 0);
}
