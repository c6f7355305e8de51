import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTimeMeter } from "./time-meter.ts";

describe("createTimeMeter", () => {
  it("counts a pause as waiting, and the model's time behind it", () => {
    const meter = createTimeMeter();
    meter.enter("model", 0);
    meter.pause(10, 50);
    meter.enter("tools", 70);
    assert.deepEqual(meter.read(100, 100), { model: 20, tools: 30, waiting: 50, other: 0 });
  });

  it("counts no more of a pause than there was of it", () => {
    const meter = createTimeMeter();
    meter.pause(0, 50);
    assert.deepEqual(meter.read(20, 20), { model: 0, tools: 0, waiting: 20, other: 0 });
    assert.deepEqual(meter.read(60, 60), { model: 10, tools: 0, waiting: 50, other: 0 });
  });

  it("adds up to the whole, where commits measured a little more or a little less", () => {
    const meter = createTimeMeter();
    meter.enter("model", 0);
    meter.enter("tools", 60);
    assert.deepEqual(meter.read(100, 99.5), { model: 60, tools: 39.5, waiting: 0, other: 0 });
    assert.deepEqual(meter.read(100, 101.5), { model: 60, tools: 40, waiting: 0, other: 1.5 });
  });
});
