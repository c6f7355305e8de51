import assert from "node:assert/strict";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Append } from "../../core/log/event-store.ts";
import { appendOf, readAll, readWholeSession } from "../../core/log/testing/opened-store.ts";
import { openDatabase } from "./open-database.ts";
import { openSqliteStore } from "./open-store.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import { createTemporaryHome, noReports } from "./testing/temporary-home.ts";

const full = { name: "DaemonError", refusal: "unavailable" };

/** A device on which no write finds space. */
const fullDevice = "/dev/full";
const noFullDevice = !existsSync(fullDevice) && "needs /dev/full, which Linux has";

describe("a sqlite store in trouble", () => {
  let folder: ReturnType<typeof createTemporaryHome>;
  let path: string;

  beforeEach(() => {
    folder = createTemporaryHome();
    path = join(folder.home, "daphnia.db");
  });
  afterEach(() => folder.remove());

  /** Leaves room for `more` pages. */
  function limit(db: DatabaseSync, more: number): void {
    const used = Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
    db.exec(`PRAGMA max_page_count = ${used + more}`);
  }

  it("refuses all while there is no space, and goes on by itself", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const db = openDatabase(path);
    const store = createSqliteStore(db, path, noReports);
    await store.append(appendOf("a", 0));
    limit(db, 8);
    const results = await Promise.allSettled([
      store.append(appendOf("b", 0)),
      store.append(large("a", 1, 200_000)),
      store.append(appendOf("c", 0)),
    ]);
    const reasons = results.map((result) => result.status === "rejected" && result.reason.detail);
    assert.deepEqual(reasons, Array(3).fill({ reason: "STORE_FULL", retryAfter: 1000 }));
    assert.match(store.trouble() ?? "", /full/);
    await assert.rejects(store.append(appendOf("a", 1)), full);
    t.mock.timers.tick(1000);
    await assert.rejects(store.append(appendOf("a", 1)), full); // no room for the probe yet
    assert.deepEqual(await readAll(store), ["1 a/1"]);
    assert.equal(await store.sessionState("b"), "unknown");
    limit(db, 10_000);
    await assert.rejects(store.append(appendOf("a", 1)), full);
    t.mock.timers.tick(1000);
    assert.equal(store.trouble(), undefined);
    await store.append(large("a", 1, 200_000));
    await store.append(appendOf("b", 0));
    assert.equal(store.head(), 3);
    assert.equal(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
    await store.close();
  });

  it("refuses what waits behind the write that found no space", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const db = openDatabase(path);
    const store = createSqliteStore(db, path, noReports);
    await store.append(appendOf("a", 0));
    limit(db, 8);
    // More than one group: the second one would fit.
    const first = store.append(large("a", 1, 1024 * 1024));
    const second = store.append(appendOf("b", 0));
    const results = await Promise.allSettled([first, second]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.equal(await store.sessionState("b"), "unknown");
    await store.close();
  });

  it("keeps the drafts that were open when a write found no space", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const db = openDatabase(path);
    const store = createSqliteStore(db, path, noReports);
    await store.append(appendOf("a", 0));
    const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
    const piece = { index: 0, part: 0, offset: 0, total: 0, delay: 0, isStart: false };
    const text = { ...piece, bytes: Uint8Array.of(65) };
    await store.appendDraft(name, [text]);
    limit(db, 8);
    const settling = appendOf("a", 1, 1, { settles: ["d"] });
    const settled = assert.rejects(store.append(settling), full);
    await assert.rejects(store.append(large("b", 0, 200_000)), full); // in the same group
    await settled;
    limit(db, 10_000);
    t.mock.timers.tick(1000);
    await store.appendDraft(name, [{ ...text, index: 1, offset: 1, total: 1 }]);
    assert.equal((await store.readDraft("d", 0, 0)).pieces.length, 2);
    await store.append(settling);
    assert.deepEqual(await store.openDrafts("a"), []);
    await store.close();
  });

  it("refuses a piece of a blob for which the disk has no space", {
    skip: noFullDevice,
  }, async () => {
    const { home } = folder;
    const store = openSqliteStore(home, noReports);
    await mkdir(join(home, "blobs", "uploads"), { recursive: true });
    await symlink(fullDevice, join(home, "blobs", "uploads", "up"));
    const piece = new Uint8Array(100_000);
    await assert.rejects(store.blobs.upload("up", 0, piece, false), full);
    await rm(join(home, "blobs", "uploads", "up"));
    assert.deepEqual(await store.blobs.upload("up", 0, piece, false), { size: 100_000 });
    await store.events.close();
  });

  it("stops, and leaves no append waiting, when a write fails otherwise", async () => {
    const db = openDatabase(path);
    const fatal: unknown[] = [];
    const onFatal = (error: unknown) => fatal.push(error);
    const store = createSqliteStore(db, path, { ...noReports, onFatal });
    await store.append(appendOf("a", 0));
    const wrong = appendOf("a", 1, 1, { events: appendOf("a", 0).events }); // a seq that is taken
    const results = await Promise.allSettled([
      store.append(appendOf("b", 0)),
      store.append(wrong),
      store.append(appendOf("c", 0)),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      Array(3).fill("rejected"),
    );
    await assert.rejects(store.append(appendOf("d", 0)), /UNIQUE/);
    assert.equal(fatal.length, 1);
    assert.deepEqual(await readAll(store), ["1 a/1"]);
    await store.close();
  });

  it("says that a page is corrupt, and reads the other sessions", async () => {
    const first = openSqliteStore(folder.home, noReports).events;
    for (const sessionId of ["a", "b", "c"]) {
      await first.append(appendOf(sessionId, 0));
      await first.append(large(sessionId, 1, 12_000));
      await first.append(appendOf(sessionId, 2));
    }
    await first.append(large("z", 0, 12_000));
    await first.close();
    damage("large b/2");
    const met: unknown[] = [];
    const onCorrupt = (error: unknown) => met.push(error);
    const { events } = openSqliteStore(folder.home, { ...noReports, onCorrupt });
    await assert.rejects(events.readSession("b", 0, 99), {
      name: "DaemonError",
      refusal: "internal",
      detail: { reason: "STORE_CORRUPT" },
    });
    assert.equal(met.length, 1);
    assert.equal((await events.readSession("a", 0, 99)).length, 3);
    assert.deepEqual(await readWholeSession(events, "nobody"), []);
    await events.append(appendOf("d", 0));
    assert.deepEqual(await readWholeSession(events, "d"), ["11 d/1"]);
    await events.close();
  });

  /** Makes the chain of pages behind a body lead to nowhere. */
  function damage(marker: string): void {
    const bytes = readFileSync(path);
    const page = Math.floor(bytes.indexOf(marker) / 4096);
    assert.ok(page > 0);
    const fd = openSync(path, "r+");
    writeSync(fd, new Uint8Array(4096).fill(0xff), 0, 4096, page * 4096);
    closeSync(fd);
  }
});

/** An event of many bytes that begin with its name. */
function large(sessionId: string, expectedSeq: number, size: number): Append {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(`large ${sessionId}/${expectedSeq + 1}`));
  const event = { seq: expectedSeq + 1, kind: 140, time: 1, bytes };
  return appendOf(sessionId, expectedSeq, 1, { events: [event] });
}
