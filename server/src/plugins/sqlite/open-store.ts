import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { BlobStore } from "../../core/log/blob-store.ts";
import type { EventStore } from "../../core/log/event-store.ts";
import type { RecordStore } from "../../core/log/record-store.ts";
import { createSqliteBlobStore } from "./blob-store.ts";
import { openDatabase } from "./open-database.ts";
import { createSqliteStore, type StoreReports, type StoreTuning } from "./sqlite-store.ts";

/** Everything that a home keeps. Closing the events closes all. */
export interface HomeStore {
  readonly events: EventStore;
  readonly records: RecordStore;
  readonly blobs: BlobStore;
  /** Reads every page; what is wrong, nothing when all is well. Everybody waits meanwhile. */
  readonly check: () => readonly string[];
}

/** Opens, or makes, the store of a home: `daphnia.db` and `blobs/`. */
export function openSqliteStore(
  home: string,
  reports: StoreReports,
  tuning: StoreTuning = {},
): HomeStore {
  const path = join(home, "daphnia.db");
  const blobs = join(home, "blobs");
  const isNew = mkdirSync(blobs, { recursive: true, mode: 0o700 }) !== undefined;
  if (isNew) syncFolder(home);
  const db = openDatabase(path);
  try {
    const store = createSqliteStore(db, path, reports, tuning);
    return {
      events: store,
      records: store,
      blobs: createSqliteBlobStore(db, blobs, store, tuning.now ?? Date.now),
      check: () =>
        db
          .prepare("PRAGMA quick_check(20)")
          .all()
          .map(({ quick_check: found }) => String(found))
          .filter((found) => found !== "ok"),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  fsyncSync(fd);
  closeSync(fd);
}
