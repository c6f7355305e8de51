import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Event } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { recordingOf } from "./recording.ts";
import { bodies, createRecorder, textPart } from "./testing/recorder.ts";

const { COMPLETED } = TurnOutcome;
const turn = { turnId: "t" };
const step = { turnId: "t", step: 1 };

/** A message of two letters: one as its draft begins, one 30 ms later. */
function letters(interrupted = false) {
  const { case: name, value } = bodies.message(textPart("ab"));
  const cadence = Uint8Array.from([0, 1, 0, 0, 1, 30]);
  return { case: name, value: { ...value, cadence, interrupted } };
}

/** What is told when, and what was left out before it. */
async function told(events: readonly Event[]) {
  async function* all() {
    yield* events;
  }
  const recording = recordingOf(all(), () => assert.fail("no blob is read"), 1000);
  const items: unknown[] = [];
  for await (const item of recording) {
    const what = item.kind === "event" ? item.event.body.case : item.delta.piece.value;
    items.push([item.at, what, ...(item.skipped > 0 ? [`skipped ${item.skipped}`] : [])]);
  }
  return items;
}

describe("recordingOf", () => {
  it("puts each delta where it was told: behind the first token's time", async () => {
    const record = createRecorder("s");
    const events = [
      record(5000, bodies.turnStarted(), turn),
      record(5010, bodies.stepStarted(), step),
      record(5070, letters(), step),
      record(5070, bodies.stepFinished(60, 20), step),
      record(5080, bodies.turnFinished(COMPLETED, 80), turn),
    ];
    assert.deepEqual(await told(events), [
      [0, "turnStarted"],
      [10, "stepStarted"],
      [30, "a"],
      [60, "b"],
      [70, "messageCompleted"],
      [70, "stepFinished"],
      [80, "turnFinished"],
    ]);
  });

  it("shows what was committed while a message was written in between its deltas", async () => {
    const record = createRecorder("s");
    const events = [
      record(0, bodies.turnStarted(), turn),
      record(0, bodies.stepStarted(), step),
      record(40, bodies.accepted("p", "more"), turn),
      record(60, letters(), step),
      record(60, bodies.stepFinished(60, 20), step),
    ];
    assert.deepEqual((await told(events)).slice(2), [
      [20, "a"],
      [40, "promptAccepted"],
      [50, "b"],
      [60, "messageCompleted"],
      [60, "stepFinished"],
    ]);
  });

  it("takes the wait before another attempt for what it was", async () => {
    const record = createRecorder("s");
    const delay = durationFromMs(500);
    const events = [
      record(0, bodies.turnStarted(), turn),
      record(0, bodies.stepStarted(), step),
      record(50, letters(true), step),
      record(50, bodies.stepFinished(50, 20), step),
      record(50, { case: "stepRetried", value: { attempt: 2, delay } }, step),
      record(600, letters(), step),
      record(600, bodies.stepFinished(40, 10), step),
    ];
    assert.deepEqual((await told(events)).slice(2), [
      [20, "a"],
      [50, "b"],
      [50, "messageCompleted"],
      [50, "stepFinished"],
      [50, "stepRetried"],
      [570, "a"],
      [600, "b"],
      [600, "messageCompleted"],
      [600, "stepFinished"],
    ]);
  });

  it("leaves out the rest of a long time in which no turn ran, and says so", async () => {
    const record = createRecorder("s");
    const events = [
      record(0, bodies.created("default")),
      record(3000, bodies.turnStarted(), turn),
      record(9000, { case: "turnSuspended", value: {} }, turn),
      record(9500, { case: "turnResumed", value: {} }, turn),
      record(9500, bodies.turnFinished(COMPLETED, 9), turn),
      record(99_500, bodies.accepted("p", "again"), { turnId: "u" }),
    ];
    assert.deepEqual(await told(events), [
      [0, "sessionCreated"],
      [1000, "turnStarted", "skipped 2000"],
      [7000, "turnSuspended"],
      [7500, "turnResumed"],
      [7500, "turnFinished"],
      [8500, "promptAccepted", "skipped 89000"],
    ]);
  });

  it("leaves out what a turn only waited for a person, and nothing of what ran meanwhile", async () => {
    const record = createRecorder("s");
    const events = [
      record(0, bodies.turnStarted(), turn),
      record(0, bodies.callStarted("b"), step),
      record(0, bodies.requested("x", "a"), step),
      record(5000, bodies.callFinished("b", 1, 5000), step),
      record(65_000, bodies.resolved("x"), step),
      record(70_000, bodies.callStarted("a"), step),
    ];
    assert.deepEqual(await told(events), [
      [0, "turnStarted"],
      [0, "toolCallStarted"],
      [0, "approvalRequested"],
      [5000, "toolCallFinished"],
      [6000, "approvalResolved", "skipped 59000"],
      [11_000, "toolCallStarted"],
    ]);
  });

  it("does not wait for a daemon that was down, and keeps what was written before", async () => {
    const record = createRecorder("s");
    const events = [
      record(0, bodies.turnStarted(), turn),
      record(100, bodies.stepStarted(), step),
      record(60_000, letters(true), step),
      record(60_000, { case: "turnResumed", value: { attempt: 1 } }, turn),
    ];
    assert.deepEqual((await told(events)).slice(2), [
      [100, "a"],
      [130, "b"],
      [1130, "messageCompleted", "skipped 58870"],
      [1130, "turnResumed"],
    ]);
  });

  it("knows a crash without a resumption by the end that has no time", async () => {
    const record = createRecorder("s");
    const events = [
      record(0, bodies.turnStarted(), turn),
      record(100, bodies.stepStarted(), step),
      record(60_000, letters(true), step),
      record(60_000, { case: "stepFinished", value: {} }, step),
    ];
    assert.deepEqual((await told(events)).slice(2), [
      [100, "a"],
      [130, "b"],
      [1130, "messageCompleted", "skipped 58870"],
      [1130, "stepFinished"],
    ]);
  });

  it("tells what a session that goes on has told so far, and nothing of an empty one", async () => {
    const record = createRecorder("s");
    const events = [
      record(0, bodies.turnStarted(), turn),
      record(0, bodies.stepStarted(), step),
      record(7, bodies.accepted("p", "more"), turn),
    ];
    assert.deepEqual(await told(events), [
      [0, "turnStarted"],
      [0, "stepStarted"],
      [7, "promptAccepted"],
    ]);
    assert.deepEqual(await told([]), []);
  });
});
