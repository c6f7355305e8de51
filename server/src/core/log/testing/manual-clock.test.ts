import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCounter, createManualClock } from "./manual-clock.ts";

describe("createManualClock", () => {
  it("stands still until it is turned, and calls back in order of time", () => {
    const clock = createManualClock(1000);
    const calls: string[] = [];
    const note = (name: string) => () => calls.push(`${name} at ${clock.monotonic()}`);
    clock.after(20, note("late"));
    clock.after(10, note("early"));
    clock.after(10, note("second"));
    const cancel = clock.after(5, note("never"));
    cancel();
    clock.after(10, () => clock.after(3, note("nested")));
    assert.deepEqual([calls, clock.waiting()], [[], 4]);
    clock.advance(19);
    assert.deepEqual(calls, ["early at 10", "second at 10", "nested at 13"]);
    clock.advance(1);
    assert.deepEqual([calls.at(-1), clock.waiting()], ["late at 20", 0]);
    assert.deepEqual([clock.monotonic(), clock.now().getTime()], [20, 1020]);
  });
});

describe("createCounter", () => {
  it("mints ids that nobody has used", () => {
    const mint = createCounter();
    assert.deepEqual([mint("turn"), mint("call"), mint("turn")], ["turn-1", "call-2", "turn-3"]);
  });
});
