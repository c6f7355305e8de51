import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Delta } from "@daphnia/protocol/event";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { createDraftReader } from "./draft-reader.ts";
import { everything } from "./selection.ts";
import { createLogBench } from "./testing/log-bench.ts";

describe("createDraftReader", () => {
  it("tells again what was read but not told", async () => {
    const { draft, log } = await createBench(["one", "two"]);
    const reader = createDraftReader(log, everything, new Map());
    const first = await reader.read(1000);
    assert.deepEqual(first.deltas.map(show), ["0 onetwo"]);
    const again = await reader.read(1000);
    assert.deepEqual(again.deltas.map(show), ["0 onetwo"]);
    again.told();
    assert.deepEqual((await reader.read(1000)).deltas, []);
    draft.write(0, "three");
    await draft.flushed();
    assert.deepEqual((await reader.read(1000)).deltas.map(show), ["6 three"]);
  });

  it("tells a budget at a time, and at least one piece", async () => {
    for (const draftTailBytes of [1000, 4]) {
      const { log } = await createBench(["aaaa", "bbbb", "cccc", "dddd"], draftTailBytes);
      const reader = createDraftReader(log, everything, new Map());
      const told: string[][] = [];
      for (;;) {
        const { deltas, told: tell } = await reader.read(9);
        if (deltas.length === 0) break;
        told.push(deltas.map(show));
        tell();
      }
      assert.deepEqual(told, [["0 aaaabbbb"], ["8 ccccdddd"]]);
    }
  });

  it("tells the whole piece where the reader holds a part of it", async () => {
    for (const draftTailBytes of [1000, 4]) {
      const { log } = await createBench(["aaaa", "bbbb", "cccc"], draftTailBytes);
      const firstOf = async (held: number) => {
        const reader = createDraftReader(log, everything, new Map([["d", held]]));
        return (await reader.read(4)).deltas.map(show);
      };
      const told = [await firstOf(0), await firstOf(4), await firstOf(5), await firstOf(12)];
      assert.deepEqual(told, [["0 aaaa"], ["4 bbbb"], ["4 bbbb"], []]);
    }
  });

  it("forgets the drafts that are closed, and tells the next from its start", async () => {
    const { draft, log, commit } = await createBench(["one"]);
    const reader = createDraftReader(log, everything, new Map());
    (await reader.read(100)).told();
    await commit("a", 1, { settles: [draft.draftId] });
    const next = log.openDraft({ ...name, draftId: "e" }, context);
    next.write(0, "two");
    await next.flushed();
    assert.deepEqual((await reader.read(100)).deltas.map(show), ["0 two"]);
  });
});

const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
const context = { agent: "coder", labels: {} };

/** A log with one draft of these pieces. */
async function createBench(pieces: readonly string[], draftTailBytes = 1000) {
  const bench = createLogBench(openMemoryStore().events, { draftTailBytes });
  await bench.commit("a");
  const draft = bench.log.openDraft(name, context);
  for (const piece of pieces) draft.write(0, piece);
  await draft.flushed();
  return { ...bench, draft };
}

function show({ offset, piece }: Delta): string {
  return `${offset} ${piece.case === "text" ? piece.value : piece.case}`;
}
