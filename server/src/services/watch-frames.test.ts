import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Batch, createFollower, type Follower, isBatch } from "../core/log/follower.ts";
import { followAll } from "../core/log/testing/follower.ts";
import { createLogBench, type LogBench } from "../core/log/testing/log-bench.ts";
import { openMemoryStore } from "../plugins/memory/memory-store.ts";
import { createWatchFrames } from "./watch-frames.ts";

const context = { agent: "coder", labels: {} };
const maxBatchBytes = 4096;

describe("watch frames", () => {
  for (const isJson of [false, true]) {
    const kind = isJson ? "JSON" : "binary";

    it(`are made once for all ${kind} readers who were left behind in one place (N2)`, async () => {
      const bench = createLogBench(openMemoryStore().events);
      await bench.commit("a", 200);
      await speak(bench, "x".repeat(10_000));
      const readers = Array.from({ length: 50 }, () => startReader(bench));
      const frames = createWatchFrames(bench.log.id);
      const told = await readTogether(readers, (batch) => frames.of(batch, isJson));
      const made = new Set(told);
      assert.ok(made.size > 3, `${made.size} frames`);
      assert.equal(told.length, 50 * made.size);
      for (const reader of readers) reader.stop();
    });

    it(`differ where ${kind} readers are told something else`, async () => {
      const bench = createLogBench(openMemoryStore().events);
      await bench.commit("a", 3);
      const { follower, stop } = startReader(bench);
      const page = await follower.next();
      assert.ok(isBatch(page));
      const [first] = page.entries;
      assert.ok(first !== undefined);
      const others = [
        page,
        { ...page, synced: true },
        { ...page, position: 2 },
        { ...page, entries: [first] },
        { ...page, entries: [] },
        { ...page, entries: [first, first, first] },
      ];
      const frames = createWatchFrames(bench.log.id);
      const made = new Set(others.map((batch) => frames.of(batch, isJson).toString()));
      assert.equal(made.size, others.length);
      stop();
    });
  }
});

/** A draft of some text. */
async function speak({ log }: LogBench, text: string): Promise<void> {
  const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
  const draft = log.openDraft(name, context);
  for (let at = 0; at < text.length; at += 1000) draft.write(0, text.slice(at, at + 1000));
  await draft.flushed();
}

interface Reader {
  readonly follower: Follower;
  stop(): void;
}

/** Has each read a batch in turn, until nobody finds more. */
async function readTogether(
  readers: readonly Reader[],
  frameOf: (batch: Batch) => Uint8Array,
): Promise<readonly Uint8Array[]> {
  const told: Uint8Array[] = [];
  for (;;) {
    const found = await Promise.all(readers.map(({ follower }) => follower.next()));
    if (found.every((one) => one === undefined)) return told;
    told.push(...found.filter(isBatch).map(frameOf));
  }
}

function startReader(bench: LogBench): Reader {
  const stopping = new AbortController();
  const options = { ...followAll, maxBatchBytes };
  const follower = createFollower(options, bench, stopping.signal);
  return {
    follower,
    stop() {
      stopping.abort();
      follower.close();
    },
  };
}
