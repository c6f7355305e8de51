import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEntry, type Entry } from "./entry.ts";
import { kindOfName } from "./event-bodies.ts";
import { everything, type Selection, selects, selectsDraft, wantsStep } from "./selection.ts";
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

describe("wantsStep", () => {
  it("is true where some kind belongs to the step family", () => {
    const wants = (...names: string[]) => wantsStep(new Set(names.map(kindOf)));
    assert.deepEqual(
      [
        wantsStep(undefined),
        wants("turn_started", "message_completed"),
        wants("turn_started"),
        wants(),
      ],
      [true, true, false, false],
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
