import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DaemonError } from "../../base/errors.ts";
import { applicationId, migrate, schemaVersion } from "./schema.ts";
import { errorCode } from "./sqlite-error.ts";

/** Why a home's database cannot be used. */
export type OpenProblem = "in_use" | "newer" | "foreign" | "unreadable" | "full";

/**
 * Opens a home's database alone: no other process can open it until it is closed.
 *
 * Nothing else in this process may open the file by its path: closing any
 * descriptor of it would drop the lock (POSIX record locks belong to the process).
 */
export function openDatabase(path: string): DatabaseSync {
  if (!existsSync(path)) closeSync(openSync(path, "wx", 0o600));
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    prepare(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw explain(error, path);
  }
}

/** The order matters: docs/store.md says why. */
function prepare(db: DatabaseSync, path: string): void {
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  db.exec("PRAGMA auto_vacuum = INCREMENTAL"); // silently ignored once there is a table
  db.exec("BEGIN IMMEDIATE; COMMIT"); // the pragma alone locks nothing
  const version = numberOf(db, "user_version");
  const application = numberOf(db, "application_id");
  const isNew = version === 0 && application === 0 && numberOf(db, "schema_version") === 0;
  if (!isNew && application !== applicationId) {
    throw refuse("foreign", `${path} is not a database of Daphnia; move it away`);
  }
  if (version > schemaVersion) {
    throw refuse(
      "newer",
      `${path} was written by a newer Daphnia (schema ${version}; this one knows ${schemaVersion}); upgrade Daphnia`,
    );
  }
  if (isNew) db.exec(`PRAGMA application_id = ${applicationId}`);
  db.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;
     PRAGMA cache_size = -2000; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
     PRAGMA secure_delete = FAST; PRAGMA checkpoint_fullfsync = 1`,
  );
  migrate(db, version);
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0);
}

function explain(error: unknown, path: string): unknown {
  switch (errorCode(error)) {
    case 5:
      return refuse("in_use", `${path} is in use by another daemon`, error);
    case 8:
    case 14:
      return refuse("unreadable", `${path} cannot be opened for writing`, error);
    case 13:
      return refuse("full", `${path} cannot be opened: no space is left on its disk`, error);
    case 26:
      return refuse("foreign", `${path} is not a database of Daphnia; move it away`, error);
    default:
      return error;
  }
}

function refuse(problem: OpenProblem, message: string, cause?: unknown): DaemonError {
  return new DaemonError(
    "failed_precondition",
    message,
    { reason: "WRONG_STATE", metadata: { problem } },
    { cause },
  );
}
