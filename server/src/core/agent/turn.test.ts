import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TurnErrorKind } from "@daphnia/protocol/event";
import { Role } from "@daphnia/protocol/message";
import { ModelError } from "../model/model-error.ts";
import { calls, finish, says, starts } from "../model/testing/played-model.ts";
import { answer, createBenchTool, untilCanceled } from "./testing/bench-tool.ts";
import { assertWhole, createTurnBench, type TurnBench } from "./testing/turn-bench.ts";

describe("a turn", () => {
  it("commits what it does before it does it", async () => {
    const bench = createTurnBench({ plays: [says("hello")] });
    assert.deepEqual(await bench.run(), [
      "turnStarted, deliver p1",
      "stepStarted",
      "writes hello",
      "message, stepFinished",
      "settles draft-2",
      "COMPLETED",
    ]);
    assert.equal(bench.clock.waiting(), 0);
  });

  it("starts all calls before any runs, and tells answers as they come", async () => {
    const slow = Promise.withResolvers<void>();
    const ran: string[] = [];
    const bench = createTurnBench({
      plays: [calls("slow", "fast", "nobody"), says("so")],
      tools: [
        createBenchTool("slow", {
          async run() {
            ran.push(bench.trace.at(-1) ?? "");
            await slow.promise;
            return answer("1");
          },
        }),
        createBenchTool("fast", {
          async run() {
            ran.push(bench.trace.at(-1) ?? "");
            return answer("2");
          },
        }),
      ],
      onCommit: (line) => {
        if (/^finish \S+ OK$/.test(line)) slow.resolve();
      },
    });
    const trace = await bench.run();
    const from = trace.findIndex((line) => line.includes("start slow"));
    assert.match(
      trace[from]!,
      /^scopeViolated, finish call-\d+ OUT_OF_SCOPE, start slow, start fast$/,
    );
    assert.deepEqual(ran, [trace[from], trace[from]]);
    const ids = bench.model.requests[1]!.messages[1]!.parts.map(({ kind }) =>
      kind.case === "toolCall" ? kind.value.callId : "",
    );
    assert.deepEqual(trace.slice(from + 1, from + 3), [
      `finish ${ids[1]} OK`,
      `finish ${ids[0]} OK`,
    ]);
    const results = bench.model.requests[1]!.messages[2]!;
    assert.equal(results.role, Role.TOOL);
    assert.deepEqual(
      results.parts.map(({ kind }) => (kind.case === "toolResult" ? kind.value.callId : "")),
      ids,
    );
    assertWhole(bench);
  });

  it("refuses what it may not run, with words, and never starts it", async () => {
    const bench = createTurnBench({
      plays: [calls("hooks", ["fine", "{"], "nope"), says("ok")],
      tools: [
        createBenchTool("hooks", { claims: [{ kind: "write", path: "/work/.git/config" }] }),
        createBenchTool("fine"),
      ],
    });
    const trace = await bench.run();
    const statuses = trace.flatMap((line) => (line.startsWith("finish") ? [line] : []));
    assert.match(
      statuses[0]!,
      /^finish \S+ DENIED, finish \S+ INVALID_ARGUMENTS, scopeViolated, finish \S+ OUT_OF_SCOPE$/,
    );
    assert.equal(
      trace.some((line) => line.includes("start ")),
      false,
    );
    assertWhole(bench);
  });

  it("tells the model of a tool that throws, at once too", async () => {
    const bench = createTurnBench({
      plays: [calls("rejects", "throws"), says("I see")],
      tools: [
        createBenchTool("rejects", { run: async () => Promise.reject(new Error("no disk")) }),
        createBenchTool("throws", {
          run() {
            throw new Error("no luck");
          },
        }),
      ],
    });
    const trace = await bench.run();
    assert.equal(trace.filter((line) => /^finish \S+ TOOL_ERROR$/.test(line)).length, 2);
    assert.equal(bench.outcome(), "COMPLETED");
  });

  it("ends as FAILED INTERNAL after a bug in a tool, every call answered, no tool left running", async () => {
    const bench = createTurnBench({
      plays: [calls("bug", "fine")],
      tools: [
        createBenchTool("bug", { claim: () => Promise.reject(new TypeError("x is undefined")) }),
        createBenchTool("fine"),
      ],
    });
    await bench.run();
    assertInternal(bench, /x is undefined/);
    assertWhole(bench);
  });

  it("stops the other tools when one answer cannot be kept", async () => {
    const bench = createTurnBench({
      plays: [calls("bad", "hear")],
      tools: [
        createBenchTool("bad", {
          run: async () => ({ parts: undefined as never, isError: false }),
        }),
        createBenchTool("hear", { run: untilCanceled }),
      ],
    });
    await bench.run();
    assertInternal(bench, /iterable/);
    assertWhole(bench);
    const [, hear] = bench.events.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? [body.value] : [],
    );
    const [part] = hear!.parts;
    assert.match(part?.kind.case === "text" ? part.kind.value : "", /outcome is unknown/);
  });

  it("ends as FAILED INTERNAL after a bug in a model, and settles what it said", async () => {
    const bench = createTurnBench({ plays: [[...starts("so"), new TypeError("boom")]] });
    const trace = await bench.run();
    assertInternal(bench, /boom/);
    assert.deepEqual(trace.slice(-3), ["interrupted, stepFinished", "settles draft-2", "FAILED"]);
  });

  it("makes no more steps than it may, and leaves steers for a turn of their own", async () => {
    const bench = createTurnBench({
      plays: [calls("work"), calls("work")],
      tools: [createBenchTool("work")],
      maxSteps: 2,
      onCommit: (line) => {
        if (bench.state().step === 2 && line === "start work") bench.steer("late");
      },
    });
    const trace = await bench.run();
    assert.equal(bench.outcome(), "MAX_STEPS");
    assert.equal(bench.model.requests.length, 2);
    assert.equal(trace.includes("deliver late"), false);
  });

  it("delivers steers in order at the boundary, and answers them", async () => {
    const bench = createTurnBench({
      plays: [calls("work"), says("ok")],
      tools: [createBenchTool("work")],
      onCommit: (line) => {
        if (line !== "start work") return;
        bench.steer("a");
        bench.steer("b");
      },
    });
    const trace = await bench.run();
    const at = trace.indexOf("deliver a, deliver b");
    assert.match(trace[at - 1]!, /^finish/);
    assert.equal(trace[at + 1], "stepStarted");
    assert.equal(trace.filter((line) => line === "stepStarted").length, 2);
  });

  it("goes on for a steer that comes with the last words", async () => {
    const bench = createTurnBench({
      plays: [[...starts("done"), () => bench.steer("a"), finish("stop")], says("and that")],
    });
    const trace = await bench.run();
    assert.equal(trace.includes("deliver a"), true);
    assert.equal(bench.outcome(), "COMPLETED");
    assert.equal(bench.state().output, "and that");
  });

  it("leaves off between steps when the daemon pauses, and goes on from there", async () => {
    let isPausing = false;
    const bench = createTurnBench({
      plays: [calls("work"), says("ok")],
      tools: [createBenchTool("work")],
      isPausing: () => isPausing,
      onCommit: (line) => {
        if (line === "start work") isPausing = true;
      },
    });
    const trace = await bench.run();
    assert.match(trace.at(-1)!, /^finish/);
    isPausing = false;
    await bench.run();
    assert.equal(bench.outcome(), "COMPLETED");
    assert.equal(trace.filter((line) => line.startsWith("turnStarted")).length, 1);
  });
});

function assertInternal({ events, bugs }: TurnBench, message: RegExp): void {
  const last = events.at(-1)!.body;
  assert.equal(last.case === "turnFinished" && last.value.error?.kind, TurnErrorKind.INTERNAL);
  assert.match(last.case === "turnFinished" ? last.value.error!.message : "", message);
  assert.equal(bugs.length, 1);
  assert.equal(bugs[0] instanceof ModelError, false);
}
