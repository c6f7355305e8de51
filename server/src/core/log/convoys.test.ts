import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { type Convoys, createConvoys } from "./convoys.ts";
import type { Batch, FollowOptions } from "./follower.ts";
import { everything } from "./selection.ts";
import { createAssembly, createDice, followAll } from "./testing/follower.ts";
import { createLogBench, type LogBench } from "./testing/log-bench.ts";

const sessions = ["a", "b", "c"];
const context = { agent: "coder", labels: {} };

describe("convoys", () => {
  it("tell each reader everything once, in order, however slow it is (C1, C2)", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { committed, written, readers } = await readTogether(seed);
      for (const { events, text } of readers) {
        assert.deepEqual(events(), committed, `seed ${seed}`);
        assert.deepEqual(text(), written, `seed ${seed}`);
      }
    }
  });

  it("look once for all: the same batch is handed to each", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    const readers = [startReader(convoys), startReader(convoys), startReader(convoys)];
    await tick();
    const before = bench.wakes();
    await bench.commit("a", 3);
    await tick();
    const [first, ...others] = readers.map(({ batches }) => batches.at(-1));
    assert.equal(first?.entries.length, 3);
    for (const other of others) assert.equal(other, first);
    assert.equal(bench.wakes() - before, 1);
    for (const reader of readers) await reader.stop();
  });

  it("hold neither an ear nor a timer for a reader without news (C3)", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    const readers = Array.from({ length: 50 }, () => startReader(convoys));
    await tick();
    assert.deepEqual([bench.listening(), bench.clock.waiting()], [1, 1]);
    for (const reader of readers) await reader.stop();
    await tick();
    assert.deepEqual([bench.listening(), bench.clock.waiting()], [0, 0]);
  });

  it("tell a large crowd as one what was committed meanwhile, and what comes later at once (C4)", async () => {
    const { bench, told, stop } = startSlowCrowd(128); // 4 ms to tell all, so 16 ms of rest
    await tick();
    await bench.commit("a");
    await tick();
    await bench.commit("a");
    await bench.commit("a", 2);
    await tick();
    bench.clock.advance(15);
    await tick();
    assert.deepEqual(told(), [1]);
    bench.clock.advance(1);
    await tick();
    assert.deepEqual(told(), [1, 3]);
    bench.clock.advance(16);
    await bench.commit("a");
    await tick();
    assert.deepEqual(told(), [1, 3, 1]);
    await stop();
    await tick();
    assert.deepEqual([bench.listening(), bench.clock.waiting()], [0, 0]);
  });

  it("keep no small crowd waiting, however long it took to tell it (C4)", async () => {
    const { bench, told, stop } = startSlowCrowd(99);
    await tick();
    for (let i = 0; i < 3; i++) {
      await bench.commit("a");
      await tick();
    }
    assert.deepEqual(told(), [1, 1, 1]);
    await stop();
  });

  it("leave a reader of one session asleep while all others commit", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    await bench.commit("quiet");
    const reader = startReader(convoys, { selection: { ...everything, sessions: ["quiet"] } });
    await tick();
    const told = reader.batches.length;
    for (let i = 0; i < 100; i++) await bench.commit(`busy-${i}`, 100);
    await tick();
    assert.deepEqual([bench.wakes(), reader.batches.length], [0, told]);
    await bench.commit("quiet");
    await tick();
    assert.equal(bench.wakes(), 1);
    assert.deepEqual(reader.events(), ["quiet/1", "quiet/2"]);
    await reader.stop();
  });

  it("say where they are when nothing happens, to all at once", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    const readers = [startReader(convoys), startReader(convoys)];
    await bench.commit("a", 2);
    await tick();
    bench.clock.advance(1e9);
    await tick();
    for (const { batches } of readers) {
      const quiet = { entries: [], deltas: [], synced: false, position: 2 };
      assert.deepEqual(batches.at(-1), quiet);
    }
    for (const reader of readers) await reader.stop();
  });

  it("let go of a reader whose signal aborts at whatever moment", async () => {
    for (let hops = 0; hops < 40; hops++) {
      const bench = createLogBench(openMemoryStore().events);
      const reader = startReader(createConvoys(bench));
      for (let i = 0; i < hops; i++) await Promise.resolve();
      await reader.stop();
      await tick();
      assert.deepEqual([hops, bench.listening()], [hops, 0]);
    }
  });

  it("say where they are at least once a heartbeat, though others commit", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    await bench.commit("quiet");
    const heartbeat = 15_000;
    const options = { heartbeat, selection: { ...everything, sessions: ["quiet"] } };
    const first = startReader(convoys, options);
    await tick();
    await bench.commit("busy");
    await tick();
    bench.clock.advance(1000);
    const heard: number[] = [];
    const second = startReader(convoys, options, () => {
      heard.push(bench.clock.monotonic());
      return undefined;
    });
    for (let second = 0; second < 60; second++) {
      await tick();
      bench.clock.advance(1000);
      await tick();
    }
    const gaps = heard.slice(1).map((time, i) => time - (heard[i] ?? 0));
    assert.ok(gaps.length >= 3 && Math.max(...gaps) <= heartbeat, `silent for ${gaps} ms`);
    for (const reader of [first, second]) await reader.stop();
  });

  it("tell a reader what only another said to hold", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    await bench.commit("a");
    const boastful = startReader(convoys, { drafts: new Map([["d", 5]]) });
    await tick();
    const reader = startReader(convoys);
    await tick();
    const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
    const draft = bench.log.openDraft(name, context);
    for (const piece of ["hello", " world"]) {
      draft.write(0, piece);
      await draft.flushed();
      await tick();
    }
    assert.deepEqual(reader.text(), new Map([["d/0", "hello world"]]));
    for (const left of [boastful, reader]) await left.stop();
  });

  it("fail one reader without a word to the others", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    const bad = startReader(convoys, {}, (batch) => {
      if (batch.entries.length > 0) throw new Error("its transport broke");
      return undefined;
    });
    const good = startReader(convoys);
    await tick();
    await bench.commit("a");
    await tick();
    await bench.commit("a");
    await tick();
    assert.match(String(await bad.ended), /its transport broke/);
    assert.deepEqual(good.events(), ["a/1", "a/2"]);
    await good.stop();
  });

  it("end the readers of a session that is deleted", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    await bench.commit("daemon");
    await bench.commit("a");
    const options = { selection: { ...everything, sessions: ["a"] } };
    const readers = [startReader(convoys, options), startReader(convoys, options)];
    await tick();
    const announced = { sessionId: "daemon", expectedSeq: 1, events: [], context };
    await bench.log.deleteSession("a", announced);
    for (const { ended } of readers) assert.match(String(await ended), /deleted/);
    assert.equal(bench.listening(), 0);
  });

  it("end a bounded read where the log ended when it began", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const convoys = createConvoys(bench);
    await bench.commit("a", 3);
    const reader = startReader(convoys, { untilCaughtUp: true });
    assert.equal(await reader.ended, undefined);
    assert.deepEqual(reader.events(), ["a/1", "a/2", "a/3"]);
  });
});

interface Reader {
  readonly batches: readonly Batch[];
  readonly ended: Promise<unknown>;
  events(): string[];
  /** What it holds of each part of each draft. */
  text(): ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

/** Readers each of whom takes 1/32 ms to tell something. */
function startSlowCrowd(size: number) {
  const bench = createLogBench(openMemoryStore().events);
  const convoys = createConvoys(bench);
  const crowd = Array.from({ length: size }, () =>
    startReader(convoys, {}, ({ entries }) => {
      if (entries.length > 0) bench.clock.advance(1 / 32);
      return undefined;
    }),
  );
  return {
    bench,
    /** How many events came in each batch that one of them was told. */
    told: () => crowd[0]?.batches.map(({ entries }) => entries.length).filter((count) => count > 0),
    stop: () => Promise.all(crowd.map((reader) => reader.stop())),
  };
}

function startReader(
  convoys: Convoys,
  options: Partial<FollowOptions> = {},
  take: (batch: Batch) => Promise<void> | undefined = () => undefined,
): Reader {
  const batches: Batch[] = [];
  const assembly = createAssembly();
  const stopping = new AbortController();
  const ended = convoys
    .follow(
      { ...followAll, ...options },
      (batch) => {
        batches.push(batch);
        for (const delta of batch.deltas) assembly.add(delta);
        return take(batch);
      },
      stopping.signal,
    )
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return {
    batches,
    ended,
    events: () =>
      batches.flatMap(({ entries }) => entries.map(({ sessionId, seq }) => `${sessionId}/${seq}`)),
    text: () => assembly.parts,
    async stop() {
      stopping.abort(new Error("stopped"));
      await ended;
    },
  };
}

/** Readers of different speed, some of whom come late, while events and drafts are written. */
async function readTogether(seed: number) {
  const dice = createDice(seed);
  const bench = createLogBench(openMemoryStore().events, { tailBytes: 1500 });
  const convoys = createConvoys(bench);
  const slowly = (chance: number) => () => {
    if (dice(100) >= chance) return undefined;
    const turns = dice(4);
    return (async () => {
      for (let i = 0; i <= turns; i++) await tick();
    })();
  };
  const speeds = [0, 0, 30, 60, 100];
  const readers: Reader[] = [];
  const committed: string[] = [];
  const seqs = new Map<string, number>();
  const drafts = sessions.map((sessionId, i) => ({ draftId: `d${i}`, sessionId }));
  const open = drafts.map((name) =>
    bench.log.openDraft({ ...name, turnId: "t", step: 1 }, context),
  );
  const written = new Map<string, string>();
  for (let round = 0; round < 60; round++) {
    if (round % 12 === 0) {
      readers.push(startReader(convoys, {}, slowly(speeds[readers.length] ?? 0)));
    }
    await writeSome(bench, dice, { committed, seqs });
    const place = dice(open.length);
    const piece = `${round} `;
    open[place]?.write(0, piece);
    const key = `d${place}/0`;
    written.set(key, (written.get(key) ?? "") + piece);
    if (dice(3) > 0) await tick();
  }
  await Promise.all(open.map((draft) => draft.flushed()));
  await untilTold(readers, committed, written);
  for (const reader of readers) await reader.stop();
  await tick(); // a convoy that is looking ends after its look
  assert.equal(bench.listening(), 0);
  return { committed, written, readers };
}

async function writeSome(
  bench: LogBench,
  dice: (below: number) => number,
  { committed, seqs }: { committed: string[]; seqs: Map<string, number> },
): Promise<void> {
  const sessionId = sessions[dice(3)] ?? "a";
  const count = dice(3);
  if (count === 0) return;
  const seq = seqs.get(sessionId) ?? 0;
  seqs.set(sessionId, seq + count);
  for (let i = 1; i <= count; i++) committed.push(`${sessionId}/${seq + i}`);
  await bench.commit(sessionId, count);
}

/** Readers catch up in their own time; one that never does shows in the comparison. */
async function untilTold(
  readers: readonly Reader[],
  committed: readonly string[],
  written: ReadonlyMap<string, string>,
): Promise<void> {
  const bytes = (text: ReadonlyMap<string, string>) => [...text.values()].join("").length;
  const isBehind = (reader: Reader) =>
    reader.events().length < committed.length || bytes(reader.text()) < bytes(written);
  for (let i = 0; i < 2000 && readers.some(isBehind); i++) await tick();
}
