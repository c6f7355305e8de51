import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../core/log/testing/manual-clock.ts";
import { createBells } from "./bells.ts";

const never = new AbortController().signal;

describe("bells", () => {
  it("wake whoever waits, and nobody else (B2)", async () => {
    const clock = createManualClock();
    const bells = createBells(clock);
    const [one, other] = [bells.listen(["a", "b"], never), bells.listen(["c"], never)];
    const woken = one.wait(1000);
    const asleep = other.wait(1000);
    bells.ring("b");
    await woken;
    assert.deepEqual([one.wakes, other.wakes], [1, 0]);
    clock.advance(1000);
    await asleep;
    assert.equal(other.wakes, 0);
  });

  it("are not missed between the look and the wait (B1)", async () => {
    const bells = createBells(createManualClock());
    const ear = bells.listen(["a"], never);
    ear.clear();
    bells.ring("a");
    await ear.wait(1000);
  });

  it("keep their timer while rings wake them, and their time", async () => {
    const clock = createManualClock();
    const bells = createBells(clock);
    const ear = bells.listen(["a"], never);
    for (let i = 0; i < 3; i++) {
      ear.clear();
      const woken = ear.wait(1000);
      bells.ring("a");
      await woken;
      assert.equal(clock.waiting(), 1);
      clock.advance(300);
    }
    ear.clear();
    let isOver = false;
    const waiting = ear.wait(1000).then(() => {
      isOver = true;
    });
    clock.advance(999);
    await Promise.resolve();
    assert.equal(isOver, false);
    clock.advance(1);
    await waiting;
    assert.deepEqual([ear.wakes, clock.waiting()], [3, 0]);
    ear.close();
  });

  it("leave nothing behind: no timer, no listener", async () => {
    const clock = createManualClock();
    const bells = createBells(clock);
    const stop = new AbortController();
    const ear = bells.listen(["a"], stop.signal);
    const waiting = ear.wait(1000);
    stop.abort();
    await waiting;
    ear.close();
    assert.equal(clock.waiting(), 0);
    bells.ring("a");
    assert.equal(ear.wakes, 0);
  });
});
