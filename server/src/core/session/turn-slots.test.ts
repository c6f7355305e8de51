import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTurnSlots } from "./turn-slots.ts";

const never = new AbortController().signal;

describe("turn slots", () => {
  it("go to whoever waited longest, and are given back once", async () => {
    const slots = createTurnSlots(1);
    const order: string[] = [];
    const release = await slots.take(never);
    const waiting = ["a", "b"].map(async (name) => {
      const giveBack = await slots.take(never);
      order.push(name);
      giveBack();
    });
    assert.deepEqual([slots.running(), slots.waiting()], [1, 2]);
    release();
    release();
    await Promise.all(waiting);
    assert.deepEqual(order, ["a", "b"]);
    assert.deepEqual([slots.running(), slots.waiting()], [0, 0]);
  });

  it("let go of who gives up waiting", async () => {
    const slots = createTurnSlots(1);
    const release = await slots.take(never);
    const stop = new AbortController();
    const given = slots.take(stop.signal);
    const next = slots.take(never);
    stop.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    await assert.rejects(slots.take(stop.signal), /enough/);
    release();
    (await next)();
    await slots.drained();
  });

  it("are drained when the last is back", async () => {
    const slots = createTurnSlots(2);
    const releases = [await slots.take(never), await slots.take(never)];
    let isDrained = false;
    const drained = slots.drained().then(() => {
      isDrained = true;
    });
    releases[0]?.();
    await new Promise(setImmediate);
    assert.equal(isDrained, false);
    releases[1]?.();
    await drained;
  });
});
