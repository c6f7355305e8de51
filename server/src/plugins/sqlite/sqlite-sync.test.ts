import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import type { EventStore, StoredEvent } from "../../core/log/event-store.ts";
import { appendOf, bytesOf, nameOf, readAll } from "../../core/log/testing/opened-store.ts";
import { type HomeStore, openSqliteStore } from "./open-store.ts";
import { createHeldSync, type HeldSync } from "./testing/held-sync.ts";
import { createTemporaryHome, noReports } from "./testing/temporary-home.ts";

const head = { value: bytesOf("head"), unfinished: true };
const key = { principal: "p", method: "m", id: "i" };

describe("the sqlite store and its syncs", () => {
  let folder: ReturnType<typeof createTemporaryHome>;
  let sync: HeldSync;
  let store: HomeStore;
  let events: EventStore;
  let told: string[];
  let fatal: unknown[];

  beforeEach(() => {
    folder = createTemporaryHome();
    sync = createHeldSync();
    fatal = [];
    const onFatal = (error: unknown) => fatal.push(error);
    store = openSqliteStore(folder.home, { ...noReports, onFatal }, { openSync: sync.open });
    events = store.events;
    told = [];
    events.onCommit((committed: readonly StoredEvent[]) => told.push(...committed.map(nameOf)));
  });
  afterEach(async () => {
    sync.letGo();
    await events.close().catch(() => {}); // a failed store may fail again
    folder.remove();
  });

  /** Lets the store write, but not sync. */
  async function written(count = 1): Promise<void> {
    while (sync.waiting() < count) await tick();
  }

  it("shows nothing that is written but not synced", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const request = { ...key, request: bytesOf("r"), answer: bytesOf("ok") };
    const records = [{ kind: "agent", id: "x", revision: 1, value: bytesOf("v") }];
    const appended = events.append(appendOf("a", 0, 2, { head, request, records }));
    await written();
    const answers: string[] = [];
    const asked = Promise.all([
      events.readHead("a").then((value) => answers.push(`head ${value?.length}`)),
      events.listHeads(9, 9).then((found) => answers.push(`heads ${found.length}`)),
      events.unfinished().then((found) => answers.push(`unfinished ${found}`)),
      events.sessionState("a").then((state) => answers.push(state)),
      events.idsLike("a").then((found) => answers.push(`ids ${found}`)),
      events.findRequest(key, bytesOf("r")).then((found) => answers.push(`same ${found?.same}`)),
      store.records.readRecord("agent", "x").then((found) => answers.push(`x ${found?.revision}`)),
    ]);
    assert.deepEqual((await events.readLog(0, 99)).events, []);
    assert.deepEqual(await events.readSession("a", 0, 99), []);
    assert.equal(await events.seqAt("a", 99), 0);
    assert.deepEqual([events.head(), told, answers], [0, [], []]);
    sync.release();
    await Promise.all([appended, asked]);
    assert.deepEqual([events.head(), told], [2, ["1 a/1", "2 a/2"]]);
    assert.deepEqual(answers.sort(), [
      "head 4",
      "heads 1",
      "ids a",
      "live",
      "same true",
      "unfinished a",
      "x 1",
    ]);
  });

  it("does not take a sync for what was written after it began (C1)", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const first = events.append(appendOf("a", 0));
    await written();
    const second = events.append(appendOf("a", 1));
    for (let i = 0; i < 5; i++) await tick();
    sync.release();
    await first;
    assert.deepEqual([events.head(), told], [1, ["1 a/1"]]);
    sync.release();
    await second;
    assert.deepEqual(told, ["1 a/1", "2 a/2"]);
  });

  it("keeps drafts without waiting for a sync", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const first = events.append(appendOf("a", 0));
    await written();
    const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
    const piece = { index: 0, part: 0, offset: 0, total: 0, delay: 0, isStart: false };
    await events.appendDraft(name, [{ ...piece, bytes: bytesOf("text") }]);
    assert.equal((await events.readDraft("d", 0, 0)).pieces.length, 1);
    assert.equal(events.head(), 0);
    sync.release();
    await first;
  });

  it("knows at once that a session is live, whatever else waits for a sync", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    await succeed(appendOf("a", 0));
    const other = events.append(appendOf("b", 0));
    await written();
    assert.equal(await events.sessionState("a"), "live");
    let state: string | undefined;
    const asked = events.sessionState("b").then((found) => {
      state = found;
    });
    await tick();
    assert.equal(state, undefined);
    sync.release();
    await Promise.all([other, asked]);
    assert.equal(state, "live");
  });

  it("syncs on its own thread when the pool is stuck, and acknowledges once", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let resolved = 0;
    const appended = events.append(appendOf("a", 0)).then(() => resolved++);
    await written();
    t.mock.timers.tick(49);
    assert.deepEqual([sync.direct(), told], [0, []]);
    t.mock.timers.tick(1);
    await appended;
    assert.deepEqual([sync.direct(), told], [1, ["1 a/1"]]);
    // The next write's sync has begun when the pool's late answer comes.
    const second = events.append(appendOf("a", 1));
    await written(2);
    const late = sync.waiting();
    t.mock.timers.tick(50);
    await second;
    sync.release();
    await tick();
    assert.deepEqual([late, resolved, told, fatal], [2, 1, ["1 a/1", "2 a/2"], []]);
  });

  it("does not take a late answer for the sync that runs now", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const late: ((error: unknown) => void)[] = [];
    await events.close();
    const slow = createHeldSync();
    const other = createTemporaryHome();
    const { events: reopened } = openSqliteStore(other.home, noReports, {
      openSync: (db, path) => ({ ...slow.open(db, path), begin: (done) => late.push(done) }),
    });
    const first = reopened.append(appendOf("a", 0));
    while (late.length < 1) await tick();
    t.mock.timers.tick(50);
    await first;
    const second = reopened.append(appendOf("a", 1));
    while (late.length < 2) await tick();
    late[0]?.(undefined);
    await tick();
    assert.deepEqual([reopened.head(), late.length], [1, 2]);
    late[1]?.(undefined);
    await second;
    assert.equal(reopened.head(), 2);
    await reopened.close();
    other.remove();
  });

  it("stops for good when a sync fails (C3)", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    await succeed(appendOf("a", 0));
    const broken = new Error("EIO: i/o error, fdatasync");
    const waiting = [events.append(appendOf("a", 1)), events.append(appendOf("b", 0))];
    await written();
    waiting.push(events.append(appendOf("a", 2)));
    const read = events.readHead("a");
    sync.release(broken);
    const results = await Promise.allSettled([...waiting, read]);
    const reasons = results.map((result) => result.status === "rejected" && result.reason);
    assert.deepEqual(reasons, [broken, broken, broken, broken]);
    await assert.rejects(events.append(appendOf("c", 0)), broken);
    await assert.rejects(events.readHead("a"), broken);
    t.mock.timers.tick(1000);
    await tick();
    assert.deepEqual([fatal, told, events.head()], [[broken], ["1 a/1"], 1]);
    assert.deepEqual(await readAll(events), ["1 a/1"]);
    assert.match(events.trouble() ?? "", /EIO/);
  });

  it("stops when the watchdog's own sync fails", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const appended = assert.rejects(events.append(appendOf("a", 0)), /EIO/);
    await written();
    sync.failNow(new Error("EIO"));
    t.mock.timers.tick(50);
    await appended;
    sync.release();
    await tick();
    assert.deepEqual([fatal.length, told, events.head()], [1, [], 0]);
  });

  it("stops when the pool's sync fails after the watchdog's", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const appended = events.append(appendOf("a", 0));
    await written();
    t.mock.timers.tick(50);
    await appended;
    sync.release(new Error("EIO"));
    assert.equal(fatal.length, 1);
    await assert.rejects(events.append(appendOf("a", 1)), /EIO/);
  });

  it("finishes what waits when it is closed, and takes nothing more", async () => {
    sync.letGo();
    const waiting = [events.append(appendOf("a", 0)), events.append(appendOf("a", 1))];
    const closed = events.close();
    await assert.rejects(events.append(appendOf("a", 2)), /the store is closed/);
    await Promise.all([...waiting, closed, events.close()]);
    assert.deepEqual(told, ["1 a/1", "2 a/2"]);
  });

  async function succeed(batch: ReturnType<typeof appendOf>): Promise<void> {
    const appended = events.append(batch);
    await written();
    sync.release();
    await appended;
  }
});
