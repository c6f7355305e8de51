import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { replay } from "./replay.ts";
import { type Note, readTrace } from "./trace.ts";

const points = Number(process.env["DAPHNIA_POWER_LOSS_POINTS"] ?? 300);
const seed = Number(process.env["DAPHNIA_POWER_LOSS_SEED"] ?? Date.now() % 1_000_000);
const events = 2500;

/** Why this machine cannot try it; undefined when it can. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return "the recorder needs Linux";
  if (spawnSync("gcc", ["--version"]).status !== 0) return "there is no gcc to build the recorder";
  return undefined;
}

describe("the sqlite store when the power goes", () => {
  const missing = obstacle();
  let folder: string;
  let recorder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "daphnia-power-"));
    recorder = join(folder, "recorder.so");
    if (missing !== undefined) return;
    const source = join(import.meta.dirname, "recorder.c");
    execFileSync("gcc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", recorder, source]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("loses nothing that it told, and is never corrupt", (t) => {
    if (cannot(t)) return;
    const notes = record("synced");
    // The write-ahead log was begun anew many times: its first frame was written often.
    const resets = notes.filter(
      ({ kind, file, place }) => kind === "write" && file === "log" && place === 0,
    );
    assert.ok(resets.length >= 5, `only ${resets.length} resets of the write-ahead log`);
    const { bad, checked, examples } = replay(notes, points, folder, createRandom(seed));
    t.diagnostic(
      `${points} points, ${checked} events looked for, ${resets.length} resets, seed ${seed}`,
    );
    assert.deepEqual({ bad, examples }, { bad: 0, examples: [] }, `seed ${seed}`);
  });

  it("would lose events if it did not sync: this test can see it", (t) => {
    if (cannot(t)) return;
    const verdict = replay(record("unsynced"), Math.ceil(points / 4), folder, createRandom(seed));
    t.diagnostic(`without syncs ${verdict.bad} of ${verdict.points} points lost something`);
    assert.ok(verdict.bad > 0, "nothing was lost, so nothing is proved");
  });

  function cannot(t: TestContext): boolean {
    if (missing === undefined) return false;
    if (process.env["CI"]) assert.fail(`power loss was NOT tried: ${missing}`);
    t.skip(`POWER LOSS WAS NOT TRIED: ${missing}`);
    return true;
  }

  /** Runs the workload under the recorder. */
  function record(mode: "synced" | "unsynced"): Note[] {
    const home = join(folder, mode);
    mkdirSync(home);
    const trace = join(folder, `${mode}.trace`);
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, "workload.ts"), home, String(events), mode],
      {
        encoding: "utf8",
        env: {
          ...process.env,
          LD_PRELOAD: recorder,
          RECORDER_TRACE: trace,
          RECORDER_SYNC_US: "700",
          UV_USE_IO_URING: "0",
        },
      },
    );
    assert.equal(status, 0, stderr);
    return readTrace(trace);
  }
});

/** Numbers from 0 to 1 that look random and are the same for the same seed. */
function createRandom(from: number): () => number {
  let state = (from % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
