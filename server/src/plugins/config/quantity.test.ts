import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantity.ts";

describe("a quantity", () => {
  it("is a number with a unit", () => {
    assert.deepEqual(
      ["0 B", "64 KiB", "4MiB", "1 GiB"].map(parseSize),
      [0, 65_536, 4_194_304, 1_073_741_824],
    );
    assert.deepEqual(
      ["0s", "500ms", "10s", "1.5s", "5m", "24h"].map(parseDuration),
      [0, 500, 10_000, 1500, 300_000, 86_400_000],
    );
  });

  it("is nothing without a unit, with another one, below 0 or beyond counting", () => {
    const wrong = ["", "64", "64 KB", "-1 KiB", "1.5 KiB", " 1 B", "9999999999999999 GiB"];
    assert.deepEqual(
      wrong.map(parseSize),
      wrong.map(() => undefined),
    );
    const odd = ["", "10", "10 seconds", "-1s", "1d", "s", "1.2345s", "1m30s"];
    assert.deepEqual(
      odd.map(parseDuration),
      odd.map(() => undefined),
    );
  });

  it("is written with its largest whole unit, and reads back", () => {
    const sizes = [0, 1, 1023, 1024, 1536, 65_536, 1_048_577, 2 ** 30];
    assert.deepEqual(sizes.map(formatSize), [
      ...["0 B", "1 B", "1023 B", "1 KiB", "1536 B", "64 KiB", "1048577 B", "1 GiB"],
    ]);
    assert.deepEqual(sizes.map(formatSize).map(parseSize), sizes);
    const durations = [0, 1, 999, 1000, 61_000, 90_000, 3_600_000];
    assert.deepEqual(durations.map(formatDuration), [
      ...["0s", "1ms", "999ms", "1s", "61s", "90s", "1h"],
    ]);
    assert.deepEqual(durations.map(formatDuration).map(parseDuration), durations);
  });
});
