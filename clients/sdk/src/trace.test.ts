import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Event, TurnErrorKind } from "@daphnia/protocol/event";
import { Delivery, SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { bodies, callPart, createRecorder, textPart } from "./testing/recorder.ts";
import { createTrace } from "./trace.ts";
import type { SessionSpan } from "./trace-spans.ts";

const { OK, DENIED } = ToolCallStatus;
const { COMPLETED } = TurnOutcome;
const tokens = (inputTokens: number, outputTokens: number, cacheReadTokens: number) => ({
  usage: { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens: 0, thinkingTokens: 0 },
  usageIncomplete: false,
});
const usd = (nanos: number) => ({ cost: { currency: "USD", nanos }, costIncomplete: false });
const nothing = {
  usage: undefined,
  usageIncomplete: false,
  cost: undefined,
  costIncomplete: false,
};

function traceOf(...events: readonly Event[]) {
  const trace = createTrace();
  for (const event of events) trace.add(event);
  return trace;
}

/** A turn from `at` to `at + 100`, of one step that called one tool in the middle of it. */
function turnOf(record: ReturnType<typeof createRecorder>, id: string, at: number, cause?: Event) {
  const [turnId, callId] = [`turn-${id}`, `call-${id}`];
  const place = { turnId, step: 1 };
  const from = cause && { cause: { sessionId: cause.sessionId, seq: cause.seq } };
  return [
    record(at, bodies.accepted(id, `do ${id}`), { turnId, ...from }),
    record(at, bodies.turnStarted(), { turnId }),
    record(at, bodies.delivered(id), { turnId }),
    record(at, bodies.stepStarted(), place),
    record(at + 40, bodies.message(callPart(callId, "delegate")), place),
    record(at + 40, bodies.stepFinished(40, 10, { tokens: 10, nanos: 5 }), place),
    record(at + 40, bodies.callStarted(callId), place),
    record(at + 100, bodies.callFinished(callId, OK, 60), place),
    record(at + 100, bodies.turnFinished(COMPLETED, 100), { turnId }),
  ] as const;
}

/** Sessions and their turns, as deep as they go. */
function outline({ sessionId, turns, children }: SessionSpan): unknown {
  const below = turns.map(({ turnId, steps, children: made }) => [
    turnId,
    ...[...made, ...steps.flatMap((step) => step.calls.flatMap((call) => call.children))].map(
      outline,
    ),
  ]);
  return [sessionId, ...below, ...children.map(outline)];
}

describe("createTrace", () => {
  it("tells a turn with a step of two calls, its times and what it spent", () => {
    const record = createRecorder("s");
    const turnId = "t";
    const place = { turnId, step: 1 };
    const asks = bodies.message(callPart("a", "read", '{"path":"x"}'), callPart("b", "bash"));
    const span = traceOf(
      record(0, bodies.created("default")),
      record(100, bodies.accepted("p", "look\naround"), { turnId }),
      record(130, bodies.turnStarted(), { turnId }),
      record(130, bodies.delivered("p"), { turnId }),
      record(140, bodies.stepStarted(), place),
      record(200, asks, place),
      record(200, bodies.stepFinished(58.5, 20, { tokens: 10, nanos: 7 }), place),
      record(210, bodies.callFinished("b", DENIED), place),
      record(210, bodies.callStarted("a"), place),
      record(260, bodies.callFinished("a", OK, 49.5), place),
      record(260, bodies.turnFinished(COMPLETED, 131), { turnId }),
    ).session("s", 1000);
    const spent = { ...tokens(10, 1, 2), ...usd(7) };
    const time = { model: 60, tools: 50, waiting: 0, other: 21 };
    const call = { waited: 0, waits: [], spent: nothing, children: [] };
    const step = {
      step: 1,
      model: "p/m",
      startTime: 140,
      endTime: 260,
      duration: 120,
      own: spent,
      spent,
      attempts: [
        {
          attempt: 1,
          startTime: 140,
          endTime: 200,
          duration: 58.5,
          status: "ok",
          error: undefined,
          waited: 0,
          firstToken: 20,
          spent,
        },
      ],
      calls: [
        {
          ...{ callId: "a", tool: "read", arguments: '{"path":"x"}', status: "ok" },
          ...{ startTime: 210, endTime: 260, duration: 49.5, ...call },
        },
        {
          ...{ callId: "b", tool: "bash", arguments: "{}", status: "denied" },
          ...{ startTime: 210, endTime: 210, duration: 0, ...call },
        },
      ],
      children: [],
    };
    assert.deepEqual(span, {
      sessionId: "s",
      agent: "default",
      title: "look",
      parent: undefined,
      startTime: 0,
      endTime: 260,
      duration: 131,
      time,
      spent,
      turns: [
        {
          turnId,
          status: "completed",
          error: undefined,
          model: "p/m",
          prompt: "look\naround",
          startTime: 130,
          endTime: 260,
          duration: 131,
          waited: { forTurns: 0, forSlot: 30 },
          time,
          spent,
          steps: [step],
          suspensions: [],
          children: [],
        },
      ],
      children: [],
    });
  });

  it("tells what calls waited for people, apart from what they took", () => {
    const record = createRecorder("s");
    const turnId = "t";
    const place = { turnId, step: 1 };
    const events = [
      record(0, bodies.turnStarted(), { turnId }),
      record(0, bodies.stepStarted(), place),
      record(10, bodies.message(...["a", "b", "c"].map((id) => callPart(id, "bash"))), place),
      record(10, bodies.callStarted("b"), place),
      record(10, bodies.requested("x", "a"), place),
      record(10, bodies.requested("y", "c"), place),
      record(30, bodies.callFinished("b", OK, 20), place), // b runs meanwhile: no waiting yet
      record(80, bodies.resolved("x"), place),
      record(80, bodies.callStarted("a"), place),
      record(90, bodies.callFinished("a", OK, 10), place),
    ] as const;
    const spanOf = (...more: readonly Event[]) =>
      traceOf(...events, ...more).session("s", 200)?.turns[0];
    const callsOf = (turn: ReturnType<typeof spanOf>) =>
      turn?.steps[0]?.calls.map(({ callId, status, startTime, duration, waited }) => [
        ...[callId, status, startTime, duration, waited],
      ]);
    const open = spanOf();
    assert.deepEqual(open?.time, { model: 10, tools: 30, waiting: 160, other: 0 });
    assert.deepEqual(callsOf(open), [
      ["a", "ok", 80, 10, 70],
      ["b", "ok", 10, 20, 0],
      ["c", "waiting", 200, 0, 190],
    ]);
    const over = spanOf(
      record(100, bodies.resolved("y"), place),
      record(100, bodies.callFinished("c", DENIED), place),
      record(110, bodies.turnFinished(COMPLETED, 110), { turnId }),
    );
    assert.deepEqual(over?.time, { model: 10, tools: 30, waiting: 60, other: 10 });
    assert.deepEqual(callsOf(over)?.at(-1), ["c", "denied", 100, 0, 90]);
  });

  it("tells attempts, what was waited between them, and what nobody knows the price of", () => {
    const record = createRecorder("s");
    const turnId = "t";
    const place = { turnId, step: 1 };
    const reason = { kind: TurnErrorKind.OVERLOADED, message: "later" };
    const retried = (attempt: number, ms: number) =>
      ({ case: "stepRetried", value: { attempt, reason, delay: durationFromMs(ms) } }) as const;
    const [turn] =
      traceOf(
        record(0, bodies.turnStarted(), { turnId }),
        record(0, bodies.stepStarted(), place),
        record(20, retried(2, 50), place), // it said nothing: that cost nothing
        record(100, bodies.message(textPart("cut")), place),
        record(100, bodies.stepFinished(30, 5), place),
        record(100, retried(3, 10), place),
        record(150, bodies.message(textPart("whole")), place),
        record(150, bodies.stepFinished(40, 5, { tokens: 10, nanos: 7 }), place),
        record(150, bodies.turnFinished(COMPLETED, 150), { turnId }),
      ).session("s", 1000)?.turns ?? [];
    assert.deepEqual(turn?.time, { model: 90, tools: 0, waiting: 60, other: 0 });
    const lost = { ...nothing, usageIncomplete: true, costIncomplete: true };
    const paid = { ...tokens(10, 1, 2), ...usd(7) };
    assert.deepEqual(turn?.spent, { ...paid, usageIncomplete: true, costIncomplete: true });
    assert.deepEqual(
      turn?.steps[0]?.attempts.map((one) => [one.startTime, one.endTime, one.waited, one.spent]),
      [
        [0, 20, 0, nothing],
        [70, 100, 50, lost],
        [110, 150, 10, paid],
      ],
    );
    assert.deepEqual(
      turn?.steps[0]?.attempts.map(({ error }) => error?.kind),
      ["overloaded", "overloaded", undefined],
    );
  });

  it("begins an attempt that a provider made wait when the turn goes on", () => {
    const record = createRecorder("s");
    const turnId = "t";
    const place = { turnId, step: 1 };
    const retry = { attempt: 2, delay: durationFromMs(500) };
    const suspended = { reason: SuspendReason.PROVIDER };
    const [turn] =
      traceOf(
        record(0, bodies.turnStarted(), { turnId }),
        record(0, bodies.stepStarted(), place),
        record(10, { case: "stepRetried", value: retry }, place),
        record(10, { case: "turnSuspended", value: suspended }, { turnId }),
        record(110, { case: "turnResumed", value: { attempt: 1 } }, { turnId }),
        record(140, bodies.message(textPart("hi")), place),
        record(140, bodies.turnFinished(COMPLETED, 140), { turnId }),
      ).session("s", 1000)?.turns ?? [];
    assert.deepEqual(turn?.suspensions, [
      { reason: "provider", startTime: 10, endTime: 110, duration: 100 },
    ]);
    assert.deepEqual(turn?.time, { model: 40, tools: 0, waiting: 100, other: 0 });
    assert.deepEqual(
      turn?.steps[0]?.attempts.map(({ startTime, waited, status }) => [startTime, waited, status]),
      [
        [0, 0, "failed"],
        [110, 0, "ok"],
      ],
    );
  });

  it("counts up to now what goes on, and calls nothing of it unknown", () => {
    const record = createRecorder("s");
    const trace = traceOf(
      record(0, bodies.turnStarted(), { turnId: "t" }),
      record(10, bodies.stepStarted(), { turnId: "t", step: 1 }),
      record(20, bodies.accepted("q", "next"), { turnId: "u" }),
    );
    const span = trace.session("s", 110);
    assert.deepEqual(
      [span?.endTime, span?.duration, span?.time, span?.spent],
      [undefined, 110, { model: 100, tools: 0, waiting: 0, other: 10 }, nothing],
    );
    assert.deepEqual(
      span?.turns.map(({ turnId, status, waited }) => [turnId, status, waited]),
      [
        ["t", "running", { forTurns: 0, forSlot: 0 }],
        ["u", "queued", { forTurns: 90, forSlot: 0 }],
      ],
    );
    assert.equal(trace.session("s", 210)?.time.model, 200);
  });

  it("tells a child session below the call that made it, and adds up what it spent", () => {
    const [parent, child, grandchild] = ["a", "b", "c"].map(createRecorder);
    assert.ok(parent && child && grandchild);
    const made = turnOf(parent, "1", 0);
    const call = made[6];
    const born = (record: typeof parent, at: number, { sessionId, seq }: Event) =>
      record(at, bodies.created("helper"), { cause: { sessionId, seq } });
    const below = [born(child, 50, call), ...turnOf(child, "2", 50, call)];
    const last = [born(grandchild, 90, below[7] ?? call), ...turnOf(grandchild, "3", 90)];
    const trace = traceOf(...last, ...below, ...made);
    const span = trace.session("a", 1000);
    assert.ok(span);
    assert.deepEqual(outline(span), ["a", ["turn-1", ["b", ["turn-2", ["c", ["turn-3"]]]]]]);
    assert.deepEqual([span.spent, span.duration], [{ ...tokens(30, 3, 6), ...usd(15) }, 100]);
    const [step] = span.turns[0]?.steps ?? [];
    assert.deepEqual(step?.own, { ...tokens(10, 1, 2), ...usd(5) });
    assert.deepEqual(step?.calls[0]?.spent, { ...tokens(20, 2, 4), ...usd(10) });
    assert.deepEqual(step?.calls[0]?.children[0]?.parent, { sessionId: "a", seq: 7 });
  });

  it("tells a turn that another session's event prompted there, and only there", () => {
    const [a, b] = ["a", "b"].map(createRecorder);
    assert.ok(a && b);
    const first = turnOf(a, "1", 0);
    const trace = traceOf(
      ...first,
      b(10, bodies.created("other")),
      ...turnOf(b, "2", 20),
      ...turnOf(b, "3", 200, first[8]), // the turn's end set it off
    );
    const [seen, own] = [trace.session("a", 1000), trace.session("b", 1000)];
    assert.ok(seen && own);
    assert.deepEqual(outline(seen), ["a", ["turn-1", ["b", ["turn-3"]]]]);
    assert.deepEqual(outline(own), ["b", ["turn-2"]]);
    const one = trace.turn("b", "turn-3", 1000);
    assert.ok(one);
    assert.deepEqual(outline(one), ["b", ["turn-3"]]);
    assert.equal(trace.turn("b", "turn-9", 1000), undefined);
  });

  it("leaves a turn where it is when another session steers it", () => {
    const [a, b] = ["a", "b"].map(createRecorder);
    assert.ok(a && b);
    const first = turnOf(a, "1", 0);
    const [accepted, ...rest] = turnOf(b, "2", 0);
    const steer = { promptId: "x", delivery: Delivery.STEER };
    const cause = { sessionId: "a", seq: 4n };
    const trace = traceOf(
      ...first,
      accepted,
      b(10, { case: "promptAccepted", value: steer }, { turnId: "turn-2", cause }),
      ...rest,
    );
    const [seen, own] = [trace.session("a", 1000), trace.session("b", 1000)];
    assert.ok(seen && own);
    assert.deepEqual(
      [outline(seen), outline(own)],
      [
        ["a", ["turn-1"]],
        ["b", ["turn-2"]],
      ],
    );
  });

  it("tells of a turn that was cut off that what it spent is unknown", () => {
    const record = createRecorder("s");
    const [turn] =
      traceOf(
        record(0, bodies.turnStarted(), { turnId: "t" }),
        record(0, bodies.stepStarted(), { turnId: "t", step: 1 }),
        record(50, bodies.turnFinished(TurnOutcome.CANCELED, 50), { turnId: "t" }),
      ).session("s", 1000)?.turns ?? [];
    assert.deepEqual(
      [turn?.status, turn?.endTime, turn?.steps[0]?.attempts[0]?.status, turn?.spent],
      [
        ...["canceled", 50, "interrupted"],
        { ...nothing, usageIncomplete: true, costIncomplete: true },
      ],
    );
  });
});
