import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { play, systemTicker } from "./play.ts";

/** A clock that stands still but for waits, each of which ends `late` milliseconds late. */
function lateTicker(late: number) {
  let now = 1000;
  return {
    now: () => now,
    until: async (time: number) => {
      now = time + late;
    },
  };
}

async function* recordingOf(...times: number[]) {
  for (const at of times) yield { at };
}

/** When each item was shown, counted from the first. */
async function shownAt(speed: number, late: number, ...times: number[]): Promise<number[]> {
  const ticker = lateTicker(late);
  const shown: number[] = [];
  const { signal } = new AbortController();
  await play(
    recordingOf(...times),
    () => shown.push(ticker.now() - 1000),
    { speed, ticker },
    signal,
  );
  return shown;
}

describe("play", () => {
  it("shows each item at its own time", async () => {
    assert.deepEqual(await shownAt(1, 0, 0, 10, 10, 35), [0, 10, 10, 35]);
    assert.deepEqual(await shownAt(4, 0, 0, 10, 10, 35), [0, 2.5, 2.5, 8.75]);
    assert.deepEqual(await shownAt(Number.POSITIVE_INFINITY, 0, 0, 10, 35), [0, 0, 0]);
  });

  it("begins with the first, whenever that was", async () => {
    assert.deepEqual(await shownAt(1, 0, 500, 510), [0, 10]);
  });

  it("never adds up what waits were late by", async () => {
    const times = Array.from({ length: 1001 }, (_, i) => i * 10);
    const shown = await shownAt(1, 3, ...times);
    assert.deepEqual(
      shown.slice(1).map((at, i) => at - (times[i + 1] ?? 0)),
      Array.from({ length: 1000 }, () => 3),
    );
  });

  it("shows nothing more once it is told to stop", async () => {
    const leave = new AbortController();
    const shown: number[] = [];
    const show = ({ at }: { at: number }) => {
      shown.push(at);
      if (at === 1) leave.abort();
    };
    // An hour: only the signal can end it.
    const times = recordingOf(0, 1, 3_600_000);
    await play(times, show, { speed: 1, ticker: systemTicker }, leave.signal);
    assert.deepEqual(shown, [0, 1]);
  });
});
