import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openLog } from "./log-file.ts";

describe("the log of a component", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dpk-log-"));
    path = join(folder, "logs/hello.log");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const linesOf = (file: string) =>
    readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("has a line of JSON for each thing that is said, and an echo of it", () => {
    const echoes: string[] = [];
    const log = openLog(path, { echo: (line) => void echoes.push(line) });
    log.info("began", { port: 1 });
    log.with({ tool: "greet" }).error("failed\nbadly", { error: new TypeError("no") });
    const lines = linesOf(path);
    assert.deepEqual(
      lines.map(({ time, error, ...line }) => ({ ...line, error: error?.message })),
      [
        { level: 30, port: 1, msg: "began", error: undefined },
        { level: 50, tool: "greet", msg: "failed\nbadly", error: "no" },
      ],
    );
    assert.match(lines[1].error.stack, /^TypeError: no\n/);
    assert.deepEqual(
      echoes.map((line) => JSON.parse(line)),
      lines,
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("goes on where it was, and is put aside when it is long", () => {
    openLog(path).info("first");
    const log = openLog(path, { limit: 300 });
    for (let at = 0; at < 20; at++) log.warn(`line ${at}`);
    const [old, now] = [linesOf(`${path}.1`), linesOf(path)];
    assert.ok(statSync(`${path}.1`).size < 400 && statSync(path).size < 400);
    assert.equal(now.at(-1).msg, "line 19");
    const told = [...old, ...now].map(({ msg }) => msg);
    const last = told.map((_, at) => `line ${20 - told.length + at}`);
    assert.deepEqual(told, last);
  });
});
