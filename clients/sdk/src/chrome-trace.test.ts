import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { chromeTrace } from "./chrome-trace.ts";
import { assertNested } from "./testing/assert-nested.ts";
import { bodies, callPart, createRecorder } from "./testing/recorder.ts";
import { createTrace } from "./trace.ts";

function fileOf(sessionId: string, now: number, ...events: readonly Event[]) {
  const trace = createTrace();
  for (const event of events) trace.add(event);
  const span = trace.session(sessionId, now);
  assert.ok(span);
  return chromeTrace(span);
}

/** Two prompts of which the second waits; the first asks for two calls at once. */
function busySession() {
  const record = createRecorder("s");
  const first = { turnId: "t" };
  const step = { turnId: "t", step: 1 };
  return [
    record(1000, bodies.created("default")),
    record(1000, bodies.accepted("p", "first"), first),
    record(1002, bodies.turnStarted(), first),
    record(1002, bodies.delivered("p"), first),
    record(1002, bodies.stepStarted(), step),
    record(1003, bodies.accepted("q", "second"), { turnId: "u" }),
    record(1004, bodies.message(callPart("a", "read"), callPart("b", "grep")), step),
    record(1004, bodies.stepFinished(2, 1, { tokens: 10, nanos: 5_000_000 }), step),
    record(1004, bodies.callStarted("a"), step),
    record(1004, bodies.callStarted("b"), step),
    record(1007, bodies.callFinished("b", ToolCallStatus.OK, 3), step),
    record(1009, bodies.callFinished("a", ToolCallStatus.OK, 5), step),
    record(1009, bodies.turnFinished(TurnOutcome.COMPLETED, 7), first),
  ];
}

describe("chromeTrace", () => {
  it("draws turns, steps and calls, and what runs side by side in threads of its own", () => {
    const { traceEvents, otherData } = fileOf("s", 1011, ...busySession());
    assert.equal(otherData.startTime, new Date(1000).toISOString());
    assert.deepEqual(
      traceEvents.map(({ name, ph, ts, dur, pid, tid, args }) => [
        ...[ph, pid, tid, ts, dur],
        ph === "M" ? `${name} ${args["name"]}` : name,
      ]),
      [
        ["M", 1, 1, 0, undefined, "process_name default s"],
        ["M", 1, 1, 0, undefined, "thread_name turns"],
        ["M", 1, 2, 0, undefined, "thread_name calls beside"],
        ["M", 1, 1001, 0, undefined, "thread_name waiting prompts"],
        ["X", 1, 1, 2000, 7000, "turn: first"],
        ["X", 1, 1, 2000, 7000, "step 1"],
        ["X", 1, 1, 2000, 2000, "p/m"],
        ["X", 1, 1, 4000, 3000, "grep"],
        ["X", 1, 2, 4000, 5000, "read"],
        ["X", 1, 1001, 0, 2000, "waits: first"],
        ["X", 1, 1001, 3000, 8000, "waits: second"],
      ],
    );
    assertNested(traceEvents);
  });

  it("says what a turn spent, and what is not known", () => {
    const { traceEvents } = fileOf("s", 1011, ...busySession());
    const turn = traceEvents.find(({ name }) => name === "turn: first");
    assert.deepEqual(turn?.args, {
      turn: "t",
      status: "completed",
      model: "p/m",
      inputTokens: 10,
      outputTokens: 1,
      cacheReadTokens: 2,
      cost: "0.005 USD",
    });
    const record = createRecorder("s");
    const running = fileOf("s", 90, record(0, bodies.turnStarted(), { turnId: "t" }));
    const [, , only] = running.traceEvents;
    assert.deepEqual([only?.dur, only?.args["cost"]], [90_000, "unknown"]);
  });

  it("gives each session a process, the same for each place it appears at", () => {
    const [a, b] = ["a", "b"].map(createRecorder);
    assert.ok(a && b);
    const cause = { sessionId: "a", seq: 1n };
    const { traceEvents } = fileOf(
      "a",
      100,
      a(0, bodies.turnStarted(), { turnId: "t" }),
      b(10, bodies.created("helper"), { cause }),
      b(10, bodies.turnStarted(), { turnId: "u" }),
    );
    assert.deepEqual(
      traceEvents.filter(({ ph }) => ph === "X").map(({ name, pid }) => [name, pid]),
      [
        ["turn: ", 1],
        ["turn: ", 2],
      ],
    );
    assertNested(traceEvents);
  });

  it("draws what a call waited for a person in the thread that it runs in", () => {
    const record = createRecorder("s");
    const first = { turnId: "t" };
    const step = { turnId: "t", step: 1 };
    const { traceEvents } = fileOf(
      "s",
      1011,
      record(1000, bodies.turnStarted(), first),
      record(1000, bodies.stepStarted(), step),
      record(1001, bodies.message(callPart("a", "edit"), callPart("b", "bash")), step),
      record(1001, bodies.callStarted("b"), step),
      record(1001, bodies.requested("x", "a"), step),
      record(1004, bodies.callFinished("b", ToolCallStatus.OK, 3), step),
      record(1006, bodies.resolved("x"), step),
      record(1006, bodies.callStarted("a"), step),
      record(1008, bodies.callFinished("a", ToolCallStatus.OK, 2), step),
      record(1009, bodies.turnFinished(TurnOutcome.COMPLETED, 9), first),
    );
    assertNested(traceEvents);
    const calls = traceEvents.filter(({ ph, name }) => ph === "X" && /edit|bash/.test(name));
    assert.deepEqual(
      calls.map(({ name, tid, ts, dur }) => [name, tid, ts, dur]),
      [
        ["bash", 1, 1000, 3000],
        ["edit", 2, 6000, 2000],
        ["waits for a person: edit", 2, 1000, 5000],
      ],
    );
  });
});
