import type { DatabaseSync } from "node:sqlite";

/** "DPH1": tells our file from any other SQLite database. */
export const applicationId = 0x44504831;

/**
 * One step for each version: `migrations[n]` leads from version n to n + 1. A
 * released step is never edited.
 */
export const migrations: readonly string[] = [
  `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- A session's row stays when it is deleted: ids are never used again.
CREATE TABLE session(
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  context INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0) STRICT;
-- What selectors judge; a new row at each change.
CREATE TABLE context(
  n INTEGER PRIMARY KEY, agent TEXT NOT NULL, labels TEXT NOT NULL) STRICT;
CREATE TABLE event(
  pos INTEGER PRIMARY KEY AUTOINCREMENT,
  session INTEGER NOT NULL, seq INTEGER NOT NULL,
  context INTEGER NOT NULL, kind INTEGER NOT NULL,
  time INTEGER NOT NULL, codec INTEGER NOT NULL DEFAULT 0,
  digest BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX event_session ON event(session, seq);
-- A draft is open while it has a row here; its settling event deletes it.
CREATE TABLE open_draft(
  n INTEGER PRIMARY KEY AUTOINCREMENT, draft_id TEXT NOT NULL UNIQUE,
  session INTEGER NOT NULL, turn TEXT NOT NULL, step INTEGER NOT NULL) STRICT;
-- Append only, without an index; trimmed from its low end.
CREATE TABLE draft(
  id INTEGER PRIMARY KEY AUTOINCREMENT, draft INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  part INTEGER NOT NULL, off INTEGER NOT NULL, total INTEGER NOT NULL,
  delay INTEGER NOT NULL, start INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE head(
  session INTEGER PRIMARY KEY, unfinished INTEGER NOT NULL, value BLOB NOT NULL) STRICT;
CREATE INDEX head_unfinished ON head(session) WHERE unfinished = 1;
CREATE TABLE request(
  principal TEXT NOT NULL, method TEXT NOT NULL, id TEXT NOT NULL,
  hash BLOB NOT NULL, answer BLOB NOT NULL, before INTEGER NOT NULL, time INTEGER NOT NULL,
  PRIMARY KEY(principal, method, id)) STRICT, WITHOUT ROWID;
-- bytes NULL: the bytes are a file.
CREATE TABLE blob(
  digest TEXT PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL, bytes BLOB) STRICT;
CREATE TABLE blob_use(
  digest TEXT NOT NULL, session INTEGER NOT NULL,
  PRIMARY KEY(digest, session)) STRICT, WITHOUT ROWID;
CREATE INDEX blob_use_session ON blob_use(session);
-- Finished uploads, so that a retried last piece gets the same answer; kept for a day.
CREATE TABLE upload(
  id TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, time INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE record(
  kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY(kind, id)) STRICT, WITHOUT ROWID;
`,
];

/** The version that this daemon writes. */
export const schemaVersion = migrations.length;

/** Brings a database up to our version, each step in one transaction. */
export function migrate(db: DatabaseSync, from: number): void {
  for (const [version, step] of migrations.entries()) {
    if (version < from) continue;
    db.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}
