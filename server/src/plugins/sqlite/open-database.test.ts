import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { appendOf } from "../../core/log/testing/opened-store.ts";
import { openDatabase } from "./open-database.ts";
import { openSqliteStore } from "./open-store.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { openElsewhere, writeElsewhere } from "./testing/other-process.ts";
import { createTemporaryHome, noReports } from "./testing/temporary-home.ts";

describe("openDatabase", () => {
  let folder: ReturnType<typeof createTemporaryHome>;
  let path: string;

  beforeEach(() => {
    folder = createTemporaryHome();
    path = join(folder.home, "daphnia.db");
  });
  afterEach(() => folder.remove());

  it("makes files that only their owner can read", () => {
    const db = openDatabase(path);
    db.exec("INSERT INTO meta VALUES('a', 'b')");
    const modes = [path, `${path}-wal`].map((file) => statSync(file).mode & 0o777);
    db.close();
    assert.deepEqual(modes, [0o600, 0o600]);
  });

  it("refuses a second opener at once, in words", () => {
    const db = openDatabase(path);
    const expected = `${path} is in use by another daemon`;
    assert.equal(openElsewhere(path), `${expected} at once`);
    assert.throws(() => openDatabase(path), { name: "DaemonError", message: expected });
    assert.equal(openElsewhere(path), `${expected} at once`); // the refused one took no lock along
    db.close();
    assert.equal(openElsewhere(path), "opened");
  });

  it("refuses what is no database", () => {
    writeFileSync(path, "not a database, ".repeat(512));
    assert.throws(() => openDatabase(path), {
      name: "DaemonError",
      message: `${path} is not a database of Daphnia; move it away`,
    });
  });

  it("refuses somebody else's database, and leaves it as it is", () => {
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE t(x); PRAGMA application_id = 77; PRAGMA user_version = 1");
    other.close();
    const before = readFileSync(path);
    assert.throws(() => openDatabase(path), {
      message: `${path} is not a database of Daphnia; move it away`,
    });
    assert.deepEqual(readFileSync(path), before);
  });

  it("refuses a newer database and names both versions", () => {
    openDatabase(path).close();
    const later = new DatabaseSync(path);
    later.exec(`PRAGMA user_version = ${schemaVersion + 3}`);
    later.close();
    assert.throws(() => openDatabase(path), {
      name: "DaemonError",
      message: `${path} was written by a newer Daphnia (schema ${schemaVersion + 3}; this one knows ${schemaVersion}); upgrade Daphnia`,
    });
  });

  it("marks the file as ours and opens it with the measured settings", () => {
    openDatabase(path).close();
    const db = openDatabase(path);
    const read = (pragma: string) => db.prepare(`PRAGMA ${pragma}`).get()?.[pragma];
    const names = ["application_id", "user_version", "journal_mode", "synchronous", "auto_vacuum"];
    const found = names.map(read);
    db.close();
    assert.deepEqual(found, [applicationId, schemaVersion, "wal", 1, 2]);
  });
});

describe("the lock of a store", () => {
  it("outlives everything that the store does", async () => {
    const { home, remove } = createTemporaryHome();
    const path = join(home, "daphnia.db");
    const { events, records, blobs } = openSqliteStore(home, noReports, { checkpointFrames: 4 });
    const large = await blobs.prepare(new Uint8Array(100_000));
    for (let seq = 0; seq < 20; seq++) {
      await events.append(appendOf("a", seq, 1, { blobs: [large] }));
    }
    await events.append(appendOf("b", 0));
    await events.deleteSession("b", appendOf("a", 20));
    await events.readLog(0, 100);
    await events.size();
    await records.listRecords("agent");
    await blobs.read(large.digest, 0, 10);
    await blobs.upload("up", 0, new Uint8Array(10), true);
    await blobs.sweep();
    assert.equal(writeElsewhere(path), "database is locked");
    // The trap itself, so that this test is known to see it: reading the file drops the lock.
    readFileSync(path);
    assert.equal(writeElsewhere(path), "wrote");
    await events.close();
    remove();
  });
});
