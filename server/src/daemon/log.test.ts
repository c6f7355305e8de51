import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createRedactor } from "../base/redact.ts";
import { placeholderOf } from "../base/redact-values.ts";
import { openDaemonLog } from "./log.ts";
import { tailLog } from "./log-tail.ts";

describe("the daemon's log", () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "daphnia-log-"));
    path = join(root, "logs", "daemon.log");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const numberOf = (line: string): number => {
    const { n }: { n?: unknown } = JSON.parse(line);
    return Number(n);
  };
  const linesOf = (file: string) => readFileSync(file, "utf8").trimEnd().split("\n").map(numberOf);
  const upTo = (last: number, first = 1) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i);

  it("is JSON lines, private to its owner, on disk when the call returns", () => {
    const log = openDaemonLog(path, "info");
    log.info({ n: 1 }, "one");
    const { level, msg, time }: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
    assert.deepEqual([level, msg], [30, "one"]);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("leaves out what is below its level, which may change", () => {
    const log = openDaemonLog(path, "warn");
    log.info({ n: 1 }, "no");
    log.setLevel("info");
    log.info({ n: 2 }, "yes");
    assert.deepEqual(linesOf(path), [2]);
  });

  it("has no secret in its lines, once it knows them", () => {
    const log = openDaemonLog(path, "info");
    const redactor = createRedactor({ values: [{ name: "K", value: 'se"cret-1' }], patterns: [] });
    log.redactBy(redactor.text);
    log.error({ err: new Error('no se"cret-1'), key: 'se"cret-1' }, 'se"cret-1');
    const { err, key, msg }: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
    const place = placeholderOf("K");
    assert.deepEqual([key, msg], [place, place]);
    assert.ok(JSON.stringify(err).includes(`no ${place}`));
    assert.ok(!JSON.stringify(err).includes("cret-1"));
  });

  it("puts a full file aside, keeps five, and loses no line of those", () => {
    const log = openDaemonLog(path, "info", 1000);
    for (const n of upTo(200)) log.info({ n }, "x");
    const files = readdirSync(join(root, "logs")).sort();
    assert.deepEqual(files, ["daemon.log", ...upTo(4).map((n) => `daemon.log.${n}`)]);
    const oldestFirst = files.toReversed().map((name) => join(root, "logs", name));
    oldestFirst.push(...oldestFirst.splice(-1));
    const all = oldestFirst.flatMap(linesOf);
    assert.deepEqual(all, upTo(200, all[0]));
    for (const file of oldestFirst) assert.ok(statSync(file).size <= 1000);
  });

  it("goes on in the file that another process began", () => {
    openDaemonLog(path, "info").info({ n: 1 }, "x");
    openDaemonLog(path, "info").info({ n: 2 }, "x");
    assert.deepEqual(linesOf(path), [1, 2]);
  });

  describe("told from its end", () => {
    const read = async (lines: number) => {
      const { bells } = openDaemonLog(path, "silent");
      const told: number[] = [];
      const options = { lines, follow: false, bells };
      for await (const batch of tailLog(path, options, AbortSignal.timeout(5000))) {
        told.push(...batch.map(numberOf));
      }
      return told;
    };

    it("is the last lines, over as many files as it takes", async () => {
      const log = openDaemonLog(path, "info", 1000);
      for (const n of upTo(40)) log.info({ n }, "x");
      assert.deepEqual(await read(1), [40]);
      assert.deepEqual(await read(30), upTo(40, 11));
      assert.deepEqual(await read(1000), upTo(40));
    });

    it("is all there is, or nothing", async () => {
      assert.deepEqual(await read(10), []);
      openDaemonLog(path, "info").info({ n: 1 }, "x".repeat(200_000));
      assert.deepEqual(await read(10), [1]);
    });

    it("is followed over files that are put aside, each line once", async () => {
      const log = openDaemonLog(path, "info", 1000);
      const stop = new AbortController();
      const told: number[] = [];
      let written = 0;
      const write = (count: number) => {
        for (const _ of upTo(count)) log.info({ n: ++written }, "x".repeat(100));
      };
      write(1);
      const options = { lines: 10, follow: true, bells: log.bells };
      for await (const batch of tailLog(path, options, stop.signal)) {
        told.push(...batch.map(numberOf));
        if (written < 60) write(3);
        else if (told.length >= written) stop.abort();
      }
      assert.deepEqual(told, upTo(written));
    });
  });
});
