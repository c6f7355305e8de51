import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { wrongState } from "../../base/errors.ts";
import { createCommitLoop, type Job } from "./commit-loop.ts";
import type { WalSync } from "./wal-sync.ts";

const instantSync: WalSync = { begin: (done) => setImmediate(done), now() {}, close() {} };

describe("createCommitLoop", () => {
  it("writes at most 512 events or 1 MiB in one group", async () => {
    const { loop, groups, end } = createBench();
    for (let i = 0; i < 600; i++) loop.add(jobOf({ events: 2 }, () => groups.at(-1)?.push(2)));
    await loop.settled();
    const sizes = groups.map((group) => group.reduce((sum, events) => sum + events, 0));
    assert.deepEqual(
      sizes.filter((size) => size > 0),
      [512, 512, 176],
    );
    groups.length = 0;
    for (let i = 0; i < 3; i++) {
      loop.add(jobOf({ bytes: 600 * 1024 }, () => groups.at(-1)?.push(1)));
    }
    await loop.settled();
    assert.deepEqual(
      groups.filter((group) => group.length > 0),
      [[1], [1], [1]],
    );
    await end();
  });

  it("takes one job that is larger than a group alone", async () => {
    const { loop, groups, end } = createBench();
    loop.add(jobOf({ events: 5000 }, () => groups.at(-1)?.push(1)));
    loop.add(jobOf({ events: 1 }, () => groups.at(-1)?.push(1)));
    await loop.settled();
    assert.deepEqual(
      groups.filter((group) => group.length > 0),
      [[1], [1]],
    );
    await end();
  });

  it("finishes jobs in the order they came, refused ones apart (C2)", async () => {
    const { loop, end } = createBench();
    const told: string[] = [];
    const add = (name: string, write: () => void) => {
      const failed = () => told.push(`${name} refused`);
      loop.add({ ...jobOf({}, write), done: () => told.push(name), failed });
    };
    add("one", () => {});
    add("two", () => {
      throw wrongState("no");
    });
    add("three", () => {});
    await loop.settled();
    assert.deepEqual(told, ["two refused", "one", "three"]);
    await end();
  });

  it("lets drafts wait together where it is told to", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { loop, groups, end } = createBench(25);
    const written: string[] = [];
    const draft = (name: string) => ({ ...jobOf({}, () => written.push(name)), isDurable: false });
    loop.add(draft("one"));
    t.mock.timers.tick(24);
    loop.add(draft("two"));
    assert.equal(written.length, 0);
    t.mock.timers.tick(1);
    assert.deepEqual([written, groups.length], [["one", "two"], 1]);
    loop.add(draft("three"));
    loop.add(jobOf({}, () => written.push("fact"))); // a fact does not wait for drafts
    await loop.settled();
    assert.deepEqual(written, ["one", "two", "three", "fact"]);
    await end();
  });

  it("parks when its upkeep finds no space, and goes on when there is some", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { loop, end } = createBench();
    loop.tend(() => {
      throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    });
    assert.equal(loop.trouble(), "database or disk is full");
    const refused: string[] = [];
    loop.add({ ...jobOf({}, () => {}), failed: (error) => refused.push(String(error)) });
    assert.match(refused.join(), /^DaemonError: the store cannot write: no space is left/);
    t.mock.timers.tick(1000);
    assert.equal(loop.trouble(), undefined);
    await end();
  });

  it("stops when its upkeep fails otherwise", async () => {
    const fatal: unknown[] = [];
    const { loop, end } = createBench(0, (error) => fatal.push(error));
    const broken = Object.assign(new Error("disk I/O error"), { errcode: 10 });
    for (let i = 0; i < 2; i++) {
      loop.tend(() => {
        throw broken;
      });
    }
    const refused: unknown[] = [];
    loop.add({ ...jobOf({}, () => {}), failed: (error) => refused.push(error) });
    assert.deepEqual([fatal, refused, loop.trouble()], [[broken], [broken], "disk I/O error"]);
    await end();
  });
});

function jobOf(size: { events?: number; bytes?: number }, write: () => void): Job {
  const { events = 1, bytes = 0 } = size;
  return {
    events,
    bytes,
    isDurable: true,
    write,
    done() {},
    failed(error) {
      throw error;
    },
  };
}

/** A loop over a database in memory that notes when each group begins. */
function createBench(draftDelay = 0, onFatal: (error: unknown) => void = rethrow) {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT)");
  const groups: number[][] = [];
  db.function("begun", () => {
    groups.push([]);
    return 0;
  });
  const begun = db.prepare("SELECT begun()");
  // Only `prepare` differs from the database itself.
  const watched = new Proxy(db, {
    get(target, name) {
      if (name === "isTransaction") return target.isTransaction;
      if (name !== "prepare") return Reflect.get(target, name).bind(target);
      return (sql: string) => {
        const statement = target.prepare(sql);
        if (!sql.startsWith("BEGIN")) return statement;
        return { run: () => [begun.get(), statement.run()] };
      };
    },
  });
  const loop = createCommitLoop({
    db: watched,
    sync: instantSync,
    draftDelay: () => draftDelay,
    afterSync() {},
    onRollback() {},
    onFatal,
  });
  return {
    loop,
    groups,
    async end() {
      await loop.close();
      db.close();
    },
  };
}

function rethrow(error: unknown): never {
  throw error;
}
