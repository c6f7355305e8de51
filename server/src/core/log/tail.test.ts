import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEntry, type Entry, sizeOf } from "./entry.ts";
import { createTail } from "./tail.ts";

describe("createTail", () => {
  it("gives what lies behind a position, at most as much as asked", () => {
    const tail = createTail(0, 10_000);
    tail.push([1, 2, 4].map((position) => entryAt(position)));
    tail.push([entryAt(7)]);
    const ask = (after: number, limit = 9) => positions(tail.after(after, limit));
    assert.deepEqual(
      [ask(0), ask(1, 2), ask(3), ask(7), ask(99)],
      [[1, 2, 4, 7], [2, 4], [4, 7], [], []],
    );
  });

  it("does not speak for what was there before it", () => {
    const tail = createTail(5, 10_000);
    tail.push([entryAt(6)]);
    assert.deepEqual([positions(tail.after(4, 9)), positions(tail.after(5, 9))], [undefined, [6]]);
  });

  it("forgets the oldest and says so, rather than leave a gap", () => {
    const size = sizeOf(entryAt(1));
    const tail = createTail(0, size * 8);
    for (let position = 1; position <= 9; position++) tail.push([entryAt(position)]);
    assert.deepEqual(positions(tail.after(2, 99)), undefined);
    assert.deepEqual(positions(tail.after(3, 99)), [4, 5, 6, 7, 8, 9]);
    assert.equal(tail.bytes(), size * 6);
  });

  it("holds nothing of an entry that is larger than all its room", () => {
    const tail = createTail(0, 10);
    tail.push([entryAt(1)]);
    assert.deepEqual([tail.bytes(), tail.after(0, 9), tail.after(1, 9)], [0, undefined, []]);
  });

  it("drops a deleted session and keeps the rest", () => {
    const tail = createTail(0, 10_000);
    tail.push([entryAt(1, "a"), entryAt(2, "b"), entryAt(3, "a")]);
    tail.drop("a");
    assert.deepEqual(positions(tail.after(0, 9)), [2]);
    assert.equal(tail.bytes(), sizeOf(entryAt(2, "b")));
    tail.drop("b");
    assert.deepEqual([tail.after(0, 9), tail.bytes()], [[], 0]);
  });
});

function entryAt(position: number, sessionId = "a"): Entry {
  const bytes = new Uint8Array(20);
  const event = { position, sessionId, seq: position, kind: 1, agent: "", labels: {}, bytes };
  return createEntry(event, "log00000");
}

function positions(entries: readonly Entry[] | undefined): number[] | undefined {
  return entries?.map(({ position }) => position);
}
