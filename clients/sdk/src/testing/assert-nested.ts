import assert from "node:assert/strict";
import type { ChromeEvent } from "../chrome-trace.ts";

/** Fails unless every span of a thread lies beside or within each other one. */
export function assertNested(events: readonly ChromeEvent[]): void {
  const threads = Map.groupBy(
    events.filter(({ ph }) => ph === "X"),
    ({ pid, tid }) => `${pid}/${tid}`,
  );
  for (const spans of threads.values()) {
    const open: number[] = [];
    const sorted = spans.toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
    for (const { name, ts, dur = Number.NaN } of sorted) {
      assert.ok(Number.isInteger(ts) && ts >= 0 && dur >= 0, `${name} has a time and a length`);
      while ((open.at(-1) ?? Number.POSITIVE_INFINITY) <= ts) open.pop();
      const end = open.at(-1) ?? Number.POSITIVE_INFINITY;
      assert.ok(ts + dur <= end, `${name} ends at ${ts + dur}, what it lies in at ${end}`);
      open.push(ts + dur);
    }
  }
}
