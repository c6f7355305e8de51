import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** Makes durable what was written to the write-ahead log. */
export interface WalSync {
  /** Syncs on the thread pool, and calls back once: with the error if it failed. */
  begin(done: (error: unknown) => void): void;
  /** Syncs on this thread; throws when it failed. */
  now(): void;
  close(): void;
}

/**
 * Keeps descriptors of the log: opened again for each sync, one could miss an
 * earlier error. There are two, since the kernel tells an error once to each: a
 * sync on this thread must not succeed because the pool's has taken the error.
 *
 * What a killed predecessor committed but never synced is about to be shown, so
 * it is synced here.
 */
export function openWalSync(db: DatabaseSync, path: string): WalSync {
  // There is no file before the first write.
  db.exec("BEGIN IMMEDIATE; INSERT OR REPLACE INTO meta(key, value) VALUES('opened', 'x'); COMMIT");
  const pooled = openSync(`${path}-wal`, "r+");
  const direct = openSync(`${path}-wal`, "r+");
  fdatasyncSync(direct);
  let running = 0;
  let isClosed = false;

  function closeWhenIdle(): void {
    if (!isClosed || running > 0) return;
    closeSync(pooled);
    closeSync(direct);
  }

  return {
    begin(done) {
      running++;
      fdatasync(pooled, (error) => {
        running--;
        closeWhenIdle();
        done(error ?? undefined);
      });
    },
    now: () => fdatasyncSync(direct),
    close() {
      if (isClosed) return;
      isClosed = true;
      closeWhenIdle();
    },
  };
}
