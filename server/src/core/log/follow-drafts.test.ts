import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { PartKind } from "@daphnia/protocol/event";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import type { Draft } from "./draft.ts";
import { everything } from "./selection.ts";
import { createAssembly, createDice, startFollower } from "./testing/follower.ts";
import { createLogBench, type LogBench } from "./testing/log-bench.ts";

const texts = [
  "a",
  "word ",
  "é",
  "東京",
  "\u{1f600}",
  "\ufeff",
  "\ud83d",
  "\ude00",
  "x".repeat(90),
];
const context = { agent: "coder", labels: {} };

describe("following drafts", () => {
  it("tells every byte once, in order, however it is resumed", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { told, written } = await followAndResume(seed);
      assert.deepEqual(told, written, `seed ${seed}`);
    }
  });

  it("tells a late joiner everything from the start, also what only the store has", async () => {
    const bench = createLogBench(openMemoryStore().events, { draftTailBytes: 100 });
    await bench.commit("a");
    const draft = open(bench, "d1");
    for (let i = 0; i < 3000; i++) draft.write(0, `${i} `);
    await draft.flushed();
    assert.ok(draft.tail.floor() > 2900);
    const late = startFollower(bench);
    await late.quiet();
    await late.stop();
    const [start, ...rest] = late.deltas();
    assert.deepEqual([start?.offset, start?.piece.case], [0n, "start"]);
    const assembly = createAssembly();
    for (const delta of rest) assembly.add(delta);
    const expected = Array.from({ length: 3000 }, (_, i) => `${i} `).join("");
    assert.deepEqual(assembly.parts, new Map([["d1/0", expected]]));
  });

  it("goes on far inside a draft whose first pages the reader holds", async () => {
    const bench = createLogBench(openMemoryStore().events, { draftTailBytes: 100 });
    await bench.commit("a");
    const draft = open(bench, "d1");
    for (let i = 0; i < 2000; i++) draft.write(0, "0123456789");
    await draft.flushed();
    const follower = startFollower(bench, { drafts: new Map([["d1", 15_000]]) });
    await follower.quiet();
    draft.write(0, "end");
    await draft.flushed();
    await follower.quiet();
    await follower.stop();
    const assembly = createAssembly(new Map([["d1/0", "x".repeat(15_000)]]));
    for (const delta of follower.deltas()) assembly.add(delta);
    assert.equal(assembly.parts.get("d1/0")?.length, 20_003);
  });

  it("turns pages of the store that hold nothing of its draft", async () => {
    const { events } = openMemoryStore();
    let empty = 3;
    const sparse = {
      ...events,
      readDraft: async (draftId: string, from: number, after: number) => {
        if (empty > 0) return { pieces: [], next: -empty-- };
        return events.readDraft(draftId, from, Math.max(0, after));
      },
    };
    const bench = createLogBench(sparse, { draftTailBytes: 10 });
    await bench.commit("a");
    const draft = open(bench, "d1");
    for (let i = 0; i < 20; i++) draft.write(0, "0123456789");
    await draft.flushed();
    const follower = startFollower(bench);
    await follower.quiet();
    await follower.stop();
    const assembly = createAssembly();
    for (const delta of follower.deltas()) assembly.add(delta);
    assert.deepEqual([empty, assembly.parts.get("d1/0")?.length], [0, 200]);
  });

  it("tells nothing of a draft after the event that settles it", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { batches, drafts } = await followAndSettle(seed);
      const over = new Set<string | undefined>();
      for (const { entries, deltas } of batches) {
        for (const { seq } of entries) over.add(drafts.get(seq));
        const late = deltas.filter(({ draftId }) => over.has(draftId));
        assert.deepEqual(late, [], `seed ${seed}`);
      }
      assert.equal(over.size, 11); // and one event without a draft
    }
  });

  it("waits between batches of deltas, but not with events", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("a");
    const follower = startFollower(bench, { minFrame: 33 });
    await follower.quiet();
    const draft = open(bench, "d1");
    const step = async (ms: number, act: () => unknown) => {
      bench.clock.advance(ms);
      await act();
      await draft.flushed();
      await follower.quiet();
      return follower.batches.length;
    };
    const before = follower.batches.length;
    const counts = [
      await step(0, () => draft.write(0, "one")),
      await step(10, () => draft.write(0, "two")),
      await step(10, () => draft.write(0, "three")),
      await step(0, () => bench.commit("a")),
      await step(12, () => {}),
      await step(1, () => {}),
      await step(1, () => draft.write(0, "four")),
    ];
    assert.deepEqual(
      counts.map((count) => count - before),
      [1, 1, 1, 2, 2, 3, 3],
    );
    const shown = follower.batches
      .slice(before)
      .map(({ entries, deltas }) => [
        entries.length,
        deltas.map(({ piece }) => (piece.case === "text" ? piece.value : piece.case)).join(),
      ]);
    assert.deepEqual(shown, [
      [0, "start,one"],
      [1, ""],
      [0, "twothree"],
    ]);
    await follower.stop();
  });

  it("leaves deltas out where they are not wanted", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("a");
    const draft = open(bench, "d1");
    draft.write(0, "text");
    await draft.flushed();
    const wanted = [
      everything,
      { ...everything, deltas: false },
      { ...everything, sessions: ["b"] },
      { ...everything, turnId: "other" },
    ];
    const told = [];
    for (const selection of wanted) {
      const follower = startFollower(bench, { selection, untilCaughtUp: true });
      await follower.ended;
      told.push(follower.deltas().length);
    }
    assert.deepEqual(told, [2, 0, 0, 0]);
  });
});

function open(bench: LogBench, draftId: string): Draft {
  const draft = bench.log.openDraft({ draftId, sessionId: "a", turnId: "t", step: 1 }, context);
  draft.start(0, { kind: PartKind.TEXT });
  return draft;
}

function write(draft: Draft, dice: (below: number) => number): void {
  if (dice(15) === 0) draft.start(1 + dice(2), { kind: PartKind.THINKING });
  else draft.write(dice(3), texts[dice(texts.length)]!);
}

/** What the store has of all open drafts. */
async function kept({ log }: LogBench): Promise<Map<string, string>> {
  const parts = new Map<string, Uint8Array[]>();
  for (const { draftId } of await log.store.openDrafts("a")) {
    for (let after = 0; ; ) {
      const page = await log.store.readDraft(draftId, 0, after);
      for (const { part, isStart, bytes } of page.pieces) {
        const key = `${draftId}/${part}`;
        if (!isStart) parts.set(key, [...(parts.get(key) ?? []), bytes]);
      }
      if (page.next === after) break;
      after = page.next;
    }
  }
  return new Map([...parts].map(([key, pieces]) => [key, Buffer.concat(pieces).toString()]));
}

function byKey(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Follows two drafts, leaving and coming back at other points for each seed. */
async function followAndResume(seed: number) {
  const dice = createDice(seed);
  const bench = createLogBench(openMemoryStore().events, { draftTailBytes: 40 + dice(2000) });
  await bench.commit("a");
  const drafts = ["d1", "d2"].map((draftId) => open(bench, draftId));
  const assembly = createAssembly();
  let follower = startFollower(bench);
  const leave = async () => {
    await follower.stop();
    for (const delta of follower.deltas()) assembly.add(delta);
  };
  for (let i = 0; i < 30; i++) {
    for (let n = dice(20); n > 0; n--) write(drafts[dice(2)]!, dice);
    if (dice(2) === 0) await tick();
    if (dice(4) > 0) continue;
    await leave();
    follower = startFollower(bench, { drafts: assembly.held() });
  }
  await Promise.all(drafts.map((draft) => draft.flushed()));
  await follower.quiet();
  await leave();
  return { told: byKey(assembly.parts), written: byKey(await kept(bench)) };
}

/** Follows ten drafts that are written and settled one after another. */
async function followAndSettle(seed: number) {
  const dice = createDice(seed);
  const bench = createLogBench(openMemoryStore().events, { draftTailBytes: 60 });
  await bench.commit("a");
  const follower = startFollower(bench, { minFrame: dice(2) * 5 });
  const drafts = new Map<number, string>();
  for (let seq = 2; seq < 12; seq++) {
    const draft = open(bench, `d${seq}`);
    for (let n = dice(30); n > 0; n--) {
      write(draft, dice);
      if (dice(5) === 0) await Promise.resolve();
      if (dice(9) === 0) await tick();
    }
    bench.clock.advance(dice(4));
    drafts.set(seq, `d${seq}`);
    await bench.commit("a", 1, { settles: [`d${seq}`] });
  }
  bench.clock.advance(100);
  await follower.quiet();
  await follower.stop();
  assert.deepEqual([...bench.log.drafts()], []);
  return { batches: follower.batches, drafts };
}
