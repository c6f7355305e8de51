import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { appendOf, bytesOf, readAll } from "../../core/log/testing/opened-store.ts";
import { openDatabase } from "./open-database.ts";
import { openSqliteStore } from "./open-store.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import { createTemporaryHome, noReports } from "./testing/temporary-home.ts";

describe("the sqlite store", () => {
  let folder: ReturnType<typeof createTemporaryHome>;

  beforeEach(() => {
    folder = createTemporaryHome();
  });
  afterEach(() => folder.remove());

  /** Looks into the file of a store that is closed. */
  function rows(sql: string): Record<string, unknown>[] {
    const db = new DatabaseSync(join(folder.home, "daphnia.db"));
    try {
      return db.prepare(sql).all();
    } finally {
      db.close();
    }
  }

  it("is what it was when it is opened again", async () => {
    const first = openSqliteStore(folder.home, noReports).events;
    await first.append(appendOf("a", 0, 3));
    await first.append(appendOf("b", 0));
    const { logId } = first;
    await first.close();
    const second = openSqliteStore(folder.home, noReports).events;
    assert.deepEqual([second.logId, second.head()], [logId, 4]);
    assert.deepEqual(await readAll(second), ["1 a/1", "2 a/2", "3 a/3", "4 b/1"]);
    await second.append(appendOf("a", 3));
    assert.equal(second.head(), 5);
    await second.close();
  });

  it("does not use the positions of a deleted session again after a restart", async () => {
    const first = openSqliteStore(folder.home, noReports).events;
    await first.append(appendOf("daemon", 0));
    await first.append(appendOf("a", 0, 3));
    await first.deleteSession("a", appendOf("daemon", 1));
    await first.close();
    // As if the announcement had been the last session's: the highest rows are gone.
    const db = new DatabaseSync(join(folder.home, "daphnia.db"));
    db.exec("DELETE FROM event WHERE pos = 5");
    db.close();
    const second = openSqliteStore(folder.home, noReports).events;
    await second.append(appendOf("b", 0));
    assert.equal(second.head(), 6);
    await second.close();
  });

  it("keeps the SHA-256 of each event's bytes", async () => {
    const { events } = openSqliteStore(folder.home, noReports);
    await events.append(appendOf("a", 0, 2));
    await events.close();
    const digests = rows("SELECT digest FROM event").map(({ digest }) => digest);
    const expected = ["a/1", "a/2"].map((text) => createHash("sha256").update(text).digest());
    assert.deepEqual(
      digests,
      expected.map((digest) => new Uint8Array(digest)),
    );
  });

  it("leaves nothing of a deleted session but its id", async () => {
    const { events, blobs } = openSqliteStore(folder.home, noReports);
    const head = { value: bytesOf("secret head"), unfinished: false };
    const context = { agent: "coder", labels: { secret: "label" } };
    const secret = await blobs.prepare(bytesOf("secret blob"));
    await events.append(appendOf("daemon", 0));
    await events.append(appendOf("a", 0, 2, { head, context, blobs: [secret] }));
    const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
    const piece = { index: 0, part: 0, offset: 0, total: 0, delay: 0, isStart: false };
    await events.appendDraft(name, [{ ...piece, bytes: bytesOf("secret draft") }]);
    await events.deleteSession("a", appendOf("daemon", 1));
    await events.close();
    const left = ["context", "event", "draft", "open_draft", "head", "blob_use"].map(
      (table) => rows(`SELECT * FROM ${table}`).length,
    );
    assert.deepEqual(left, [1, 2, 0, 0, 0, 0]);
    assert.deepEqual(
      rows("SELECT id, deleted FROM session ORDER BY n").map(({ id, deleted }) => [id, deleted]),
      [
        ["daemon", 0],
        ["a", 1],
      ],
    );
  });

  it("gives the space of a deleted session back, a slice at a time", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const path = join(folder.home, "daphnia.db");
    const db = openDatabase(path);
    const events = createSqliteStore(db, path, noReports);
    const pages = () => Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
    await events.append(appendOf("daemon", 0));
    const bytes = new Uint8Array(900_000);
    for (let seq = 0; seq < 4; seq++) {
      const large = { seq: seq + 1, kind: 140, time: 1, bytes };
      await events.append(appendOf("a", seq, 1, { events: [large] }));
    }
    await events.deleteSession("a", appendOf("daemon", 1));
    const sizes = [pages()];
    for (let slice = 0; slice < 5; slice++) {
      t.mock.timers.tick(10);
      sizes.push(pages());
    }
    await events.close();
    const given = sizes.slice(1).map((size, i) => (sizes[i] ?? 0) - size);
    // Pages that say which page belongs where go along with the slice.
    assert.ok(
      given.every((count) => count >= 0 && count < 260),
      `${given}`,
    );
    assert.ok((sizes.at(-1) ?? 0) < 50, `${sizes}`);
  });

  it("clears settled drafts away", async () => {
    const { events } = openSqliteStore(folder.home, noReports);
    await events.append(appendOf("a", 0));
    const piece = { index: 0, part: 0, offset: 0, total: 0, delay: 0, isStart: false };
    for (let i = 0; i < 32; i++) {
      const name = { draftId: `d${i}`, sessionId: "a", turnId: "t", step: 1 };
      await events.appendDraft(name, [{ ...piece, bytes: bytesOf("text") }]);
      await events.append(appendOf("a", i + 1, 1, { settles: [`d${i}`] }));
    }
    await events.close();
    assert.deepEqual(rows("SELECT * FROM draft"), []);
  });

  it("empties its write-ahead log under steady load", async (t) => {
    t.mock.method(performance, "now", () => 0); // a slow disk would make it wait longer
    const tuning = { checkpointFrames: 64 };
    const { events } = openSqliteStore(folder.home, noReports, tuning);
    const bytes = new Uint8Array(3000);
    for (let seq = 0; seq < 300; seq++) {
      void events.readLog(0, 1e9); // a read that is still open would show as starvation
      const large = { seq: seq + 1, kind: 140, time: 1, bytes };
      await events.append(appendOf("a", seq, 1, { events: [large] }));
    }
    const size = await events.size();
    await events.close();
    assert.ok(size < 300 * 4096 * 2, `${size} bytes for 300 pages`);
  });

  it("never keeps a read open: no source of it iterates rows", () => {
    const sources = globSync("*.ts", { cwd: import.meta.dirname });
    const iterating = sources.filter((name) => {
      if (name.endsWith(".test.ts")) return false;
      return readFileSync(join(import.meta.dirname, name), "utf8").includes(".iterate(");
    });
    assert.deepEqual(iterating, []);
  });
});
