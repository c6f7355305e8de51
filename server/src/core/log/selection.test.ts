import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEntry, type Entry } from "./entry.ts";
import { kindOfName } from "./event-bodies.ts";
import { everything, type Selection, selects, selectsDraft, wantsDeltas } from "./selection.ts";
import { turnsOf } from "./testing/log-bench.ts";

const labels = { team: "red", site: "north" };

describe("selects", () => {
  it("judges an event by its session, agent, labels, kind, turn and principal", () => {
    const entry = entryOf("a");
    const cases: [Partial<Selection>, boolean][] = [
      [{}, true],
      [{ sessions: ["a", "b"] }, true],
      [{ sessions: ["b"] }, false],
      [{ agents: ["coder"] }, true],
      [{ agents: ["writer"] }, false],
      [{ labels: { team: "red" } }, true],
      [{ labels: { team: "red", site: "south" } }, false],
      [{ labels: { other: "" } }, false],
      [{ kinds: new Set([kindOf("turn_started")]) }, true],
      [{ kinds: new Set([kindOf("turn_finished")]) }, false],
      [{ kinds: new Set() }, false],
      [{ turnId: "turn-1" }, true],
      [{ turnId: "turn-2" }, false],
      [{ principals: ["odd"] }, true],
      [{ principals: ["even"] }, false],
      [{ sessions: ["a"], agents: ["writer"] }, false],
    ];
    const found = cases.map(([part]) => selects({ ...everything, ...part }, entry));
    assert.deepEqual(
      found,
      cases.map(([, expected]) => expected),
    );
  });
});

describe("selectsDraft", () => {
  it("judges a draft as the events of its turn", () => {
    const draft = { sessionId: "a", agent: "coder", labels, turnId: "turn-1" };
    const cases: [Partial<Selection>, boolean][] = [
      [{}, true],
      [{ deltas: false }, false],
      [{ sessions: ["b"] }, false],
      [{ labels: { team: "blue" } }, false],
      [{ turnId: "turn-1" }, true],
      [{ turnId: "turn-2" }, false],
    ];
    const found = cases.map(([part]) => selectsDraft({ ...everything, ...part }, draft));
    assert.deepEqual(
      found,
      cases.map(([, expected]) => expected),
    );
  });
});

describe("wantsDeltas", () => {
  it("is true where some kind belongs to a family that deltas follow", () => {
    const wants = (...names: string[]) => wantsDeltas(new Set(names.map(kindOf)));
    assert.deepEqual(
      [
        wantsDeltas(undefined),
        wants("turn_started", "message_completed"),
        wants("tool_call_started"),
        wants("turn_started"),
        wants(),
      ],
      [true, true, true, false, false],
    );
  });

  it("tells messages with family step, and outputs with family tool", () => {
    const message = { sessionId: "a", agent: "coder", labels, turnId: "turn-1" };
    const output = { ...message, outputStart: {} };
    const step = { ...everything, kinds: new Set([kindOf("step_started")]) };
    const tool = { ...everything, kinds: new Set([kindOf("tool_call_started")]) };
    assert.deepEqual(
      [step, tool].map((part) => [selectsDraft(part, message), selectsDraft(part, output)]),
      [
        [true, false],
        [false, true],
      ],
    );
  });
});

function kindOf(name: string): number {
  return kindOfName(name)!;
}

function entryOf(sessionId: string): Entry {
  const event = turnsOf(sessionId, 0, 1).events[0]!;
  return createEntry({ ...event, agent: "coder", labels, position: 1, sessionId }, "log00000");
}
