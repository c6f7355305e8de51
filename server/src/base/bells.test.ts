import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../core/log/testing/manual-clock.ts";
import { createBells } from "./bells.ts";

const never = new AbortController().signal;

describe("bells", () => {
  it("wake whoever waits, and nobody else (B2)", async () => {
    const clock = createManualClock();
    const bells = createBells(clock);
    const [one, other] = [bells.listen(["a", "b"]), bells.listen(["c"])];
    const woken = one.wait(1000, never);
    const asleep = other.wait(1000, never);
    bells.ring("b");
    await woken;
    assert.deepEqual([one.wakes, other.wakes, clock.waiting()], [1, 0, 1]);
    clock.advance(1000);
    await asleep;
    assert.equal(other.wakes, 0);
  });

  it("are not missed between the look and the wait (B1)", async () => {
    const bells = createBells(createManualClock());
    const ear = bells.listen(["a"]);
    ear.clear();
    bells.ring("a");
    await ear.wait(1000, never);
  });

  it("leave nothing behind: no timer, no listener", async () => {
    const clock = createManualClock();
    const bells = createBells(clock);
    const ear = bells.listen(["a"]);
    const stop = new AbortController();
    const waiting = ear.wait(1000, stop.signal);
    stop.abort();
    await waiting;
    assert.equal(clock.waiting(), 0);
    ear.close();
    bells.ring("a");
    assert.equal(ear.wakes, 0);
  });
});
