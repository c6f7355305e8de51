import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../core/log/testing/manual-clock.ts";
import { pause } from "./clock.ts";

describe("a pause", () => {
  it("ends in its time, or with the signal's reason, and leaves no timer", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const whole = pause(clock, 10, stop.signal);
    clock.advance(10);
    await whole;
    const cut = pause(clock, 10, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(cut, /enough/);
    await assert.rejects(pause(clock, 10, stop.signal), /enough/);
    assert.equal(clock.waiting(), 0);
  });
});
