import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { calls, says, starts } from "../model/testing/played-model.ts";
import { createBenchTool, untilCanceled } from "./testing/bench-tool.ts";
import { assertWhole, createTurnBench } from "./testing/turn-bench.ts";

describe("a canceled turn", () => {
  it("ends as canceled in the model's call, and keeps what was said", async () => {
    const bench = createTurnBench({
      plays: [[...starts("half a"), () => bench.cancel.abort(new Error("stop")), "hang"]],
    });
    const trace = await bench.run();
    assert.deepEqual(trace.slice(-4), [
      "writes half a",
      "interrupted, stepFinished",
      "settles draft-2",
      "CANCELED",
    ]);
    assert.deepEqual(bench.bugs, []);
  });

  it("ends as canceled between steps", async () => {
    const bench = createTurnBench({
      plays: [calls("work"), says("never")],
      tools: [createBenchTool("work")],
      onCommit: (line) => {
        if (/^finish \S+ OK$/.test(line)) bench.cancel.abort();
      },
    });
    await bench.run();
    assert.equal(bench.outcome(), "CANCELED");
    assert.equal(bench.model.requests.length, 1);
    assertWhole(bench);
  });

  it("answers every call of a canceled turn, and leaves no timer", async () => {
    const bench = createTurnBench({
      plays: [calls("hear", "quick", "hear")],
      tools: [createBenchTool("hear", { run: untilCanceled }), createBenchTool("quick")],
      onCommit: (line) => {
        if (/^finish \S+ OK$/.test(line)) bench.cancel.abort();
      },
    });
    await bench.run();
    assert.equal(bench.outcome(), "CANCELED");
    assertWhole(bench);
    assert.equal(bench.clock.waiting(), 0);
  });

  it("waits two seconds for a tool that does not notice the cancel", async () => {
    const bench = createTurnBench({
      plays: [calls("deaf")],
      tools: [createBenchTool("deaf", { run: () => new Promise(() => {}) })],
      onCommit: (line) => {
        if (line === "start deaf") setImmediate(() => bench.cancel.abort());
      },
    });
    const run = bench.run();
    while (bench.clock.waiting() < 2) await new Promise(setImmediate);
    bench.clock.advance(1999);
    await new Promise(setImmediate);
    assert.equal(bench.outcome(), "open");
    bench.clock.advance(1);
    await run;
    assert.equal(bench.outcome(), "CANCELED");
    assertWhole(bench);
  });

  it("does not wait for a claim that does not come, once it is canceled", async () => {
    const bench = createTurnBench({
      plays: [calls("lost")],
      tools: [createBenchTool("lost", { claim: () => new Promise<never>(() => {}) })],
      onCommit: (line) => {
        if (line.startsWith("settles")) setImmediate(() => bench.cancel.abort());
      },
    });
    const run = bench.run();
    for (let i = 0; i < 20 && bench.clock.waiting() < 2; i++) await new Promise(setImmediate);
    bench.clock.advance(2000);
    await run;
    assert.equal(bench.outcome(), "CANCELED");
    assertWhole(bench);
  });
});
