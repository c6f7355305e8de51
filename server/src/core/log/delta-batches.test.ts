import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { startFollower } from "./testing/follower.ts";
import { createLogBench } from "./testing/log-bench.ts";

const context = { agent: "coder", labels: {} };
const bytes = (text: string) => new TextEncoder().encode(text).length;

/** Bytes of text in each batch that a reader is told of so many drafts. */
async function batchesOf(texts: readonly string[], maxBatchBytes: number): Promise<number[]> {
  const bench = createLogBench(openMemoryStore().events, { draftTailBytes: 1e7 });
  const drafts = texts.map((_, i) =>
    bench.log.openDraft({ draftId: `d${i}`, sessionId: "a", turnId: "t", step: 1 }, context),
  );
  await bench.commit("a");
  for (const [i, draft] of drafts.entries()) {
    for (const piece of (texts[i] ?? "").split("|")) draft.write(0, piece);
    await draft.flushed();
  }
  const reader = startFollower(bench, { maxBatchBytes });
  for (let i = 0; i < 50; i++) await tick();
  await reader.stop();
  return reader.batches.map(({ deltas }) =>
    deltas.reduce((sum, { piece }) => sum + (piece.case === "text" ? bytes(piece.value) : 0), 0),
  );
}

describe("a batch of deltas", () => {
  it("is no more than max_batch_bytes", async () => {
    const sizes = await batchesOf([`${"x".repeat(500)}|`.repeat(200)], 2048);
    assert.ok(Math.max(...sizes) <= 2048, `${Math.max(...sizes)}`);
  });

  it("holds a part of a piece that is larger", async () => {
    const sizes = await batchesOf(["x".repeat(1_000_000)], 65536);
    assert.ok(Math.max(...sizes) <= 65536, `${Math.max(...sizes)}`);
  });

  it("counts the bytes of all drafts", async () => {
    const texts = Array.from({ length: 8 }, () => `${"世界".repeat(1000)}|`.repeat(20));
    const sizes = await batchesOf(texts, 65536);
    assert.ok(Math.max(...sizes) <= 65536, `${Math.max(...sizes)}`);
  });
});
