import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { everything } from "./selection.ts";
import { createDice, startFollower } from "./testing/follower.ts";
import { createLogBench, type LogBench, turnsOf } from "./testing/log-bench.ts";

const sessions = ["a", "b", "c"];

describe("follow", () => {
  it("replays and then follows without gap or double, wherever a writer commits", async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { told, expected, synced } = await followRandomWriter(seed);
      assert.deepEqual(told, expected, `seed ${seed}`);
      assert.equal(synced, 1, `seed ${seed}`);
    }
  });

  it("tells the same from any place", async () => {
    const bench = createLogBench(openMemoryStore().events, { tailBytes: 900 });
    for (let i = 0; i < 40; i++) await bench.commit(sessions[i % 3]!);
    const whole = startFollower(bench, { untilCaughtUp: true });
    await whole.ended;
    for (let after = 0; after <= 40; after++) {
      const rest = startFollower(bench, { after, untilCaughtUp: true, maxBatchBytes: 100 });
      assert.equal(await rest.ended, undefined);
      assert.deepEqual(rest.events(), whole.events().slice(after));
    }
  });

  it("can be left after any batch and resumed at its position", async () => {
    const bench = createLogBench(openMemoryStore().events, { tailBytes: 900 });
    for (let i = 0; i < 40; i++) await bench.commit(sessions[i % 3]!);
    const selection = { ...everything, sessions: ["b"] };
    const options = { selection, untilCaughtUp: true, maxBatchBytes: 150 };
    const first = startFollower(bench, options);
    await first.ended;
    for (const [i, { position }] of first.batches.entries()) {
      const before = first.batches.slice(0, i + 1).flatMap(({ entries }) => entries).length;
      const rest = startFollower(bench, { ...options, after: position });
      await rest.ended;
      assert.deepEqual(rest.events(), first.events().slice(before));
    }
  });

  it("ends at the head of the moment it began when it is told to", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("a", 5);
    const follower = startFollower(bench, { untilCaughtUp: true, maxBatchBytes: 1 });
    await bench.commit("a", 5);
    assert.equal(await follower.ended, undefined);
    assert.deepEqual(follower.events(), ["a/1", "a/2", "a/3", "a/4", "a/5"]);
    assert.deepEqual(follower.batches.at(-1), {
      entries: [],
      deltas: [],
      synced: true,
      position: 5,
    });
    assert.equal(bench.listening(), 0);
  });

  it("makes batches no larger than asked, or of one event", async () => {
    const bench = createLogBench(openMemoryStore().events, { tailBytes: 2000 });
    await bench.commit("a", 100);
    const follower = startFollower(bench, { untilCaughtUp: true, maxBatchBytes: 300 });
    await follower.ended;
    for (const { entries } of follower.batches) {
      const bytes = entries.reduce((sum, { wire }) => sum + wire.length, 0);
      assert.ok(bytes <= 300 || entries.length === 1, `${entries.length} events, ${bytes} bytes`);
    }
    assert.equal(follower.events().length, 100);
  });

  it("says where it is when nothing happens", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("a", 2);
    const follower = startFollower(bench, { heartbeat: 1000 });
    await follower.quiet();
    const before = follower.batches.length;
    bench.clock.advance(999);
    await follower.quiet();
    assert.equal(follower.batches.length, before);
    bench.clock.advance(1);
    await follower.quiet();
    assert.deepEqual(follower.batches.slice(before), [
      { entries: [], deltas: [], synced: false, position: 2 },
    ]);
    bench.clock.advance(500);
    await bench.commit("a");
    await follower.quiet();
    bench.clock.advance(999);
    await follower.quiet();
    assert.equal(follower.batches.length, before + 2); // news put the heartbeat off
    await follower.stop();
  });

  it("moves on past what it does not want", async () => {
    const bench = createLogBench(openMemoryStore().events);
    const selection = { ...everything, agents: ["nobody"] };
    const follower = startFollower(bench, { selection, heartbeat: 10 });
    await bench.commit("a", 700);
    await follower.quiet();
    bench.clock.advance(10);
    await follower.quiet();
    assert.equal(follower.batches.at(-1)?.position, 700);
    assert.deepEqual(follower.events(), []);
    await follower.stop();
  });

  it("says where it is in the middle of a long stretch of which it wants nothing", async () => {
    const { events: store } = openMemoryStore();
    const bench = createLogBench(store, { tailBytes: 1 });
    await bench.commit("a", 3000);
    const readLog = store.readLog.bind(store);
    store.readLog = (...range) => {
      bench.clock.advance(600); // each page takes its time
      return readLog(...range);
    };
    const selection = { ...everything, agents: ["nobody"] };
    const follower = startFollower(bench, { selection, after: 0, heartbeat: 1000 });
    await follower.quiet();
    const [first] = follower.batches;
    assert.ok(first && first.position > 0 && first.position < 3000, "told before its end");
    assert.deepEqual(follower.events(), []);
    await follower.stop();
  });

  it("is not woken by other sessions", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("a");
    const follower = startFollower(bench, { selection: { ...everything, sessions: ["a"] } });
    await follower.quiet();
    const draft = bench.log.openDraft(
      { draftId: "d", sessionId: "b", turnId: "t", step: 1 },
      { agent: "coder", labels: {} },
    );
    for (let i = 0; i < 50; i++) {
      await bench.commit("b");
      draft.write(0, "x");
      await draft.flushed();
      await follower.quiet();
    }
    assert.equal(bench.wakes(), 0);
    await bench.commit("a");
    await follower.quiet();
    assert.deepEqual([bench.wakes(), follower.events()], [1, ["a/1", "a/2"]]);
    await follower.stop();
  });

  it("ends when its session is deleted, and not before all are", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("daemon");
    await bench.commit("a");
    await bench.commit("b");
    const one = startFollower(bench, { selection: { ...everything, sessions: ["a"] } });
    const two = startFollower(bench, { selection: { ...everything, sessions: ["a", "b"] } });
    const all = startFollower(bench);
    await one.quiet();
    await bench.log.deleteSession("a", turnsOf("daemon", 1, 1));
    await assert.rejects(Promise.reject(await one.ended), {
      refusal: "failed_precondition",
      detail: { reason: "SESSION_DELETED", metadata: { session: "a" } },
    });
    await bench.commit("b");
    await two.quiet();
    assert.deepEqual(two.events(), ["a/1", "b/1", "b/2"]);
    assert.deepEqual(all.events(), ["daemon/1", "a/1", "b/1", "daemon/2", "b/2"]);
    await Promise.all([two.stop(), all.stop()]);
    assert.deepEqual([bench.listening(), bench.clock.waiting()], [0, 0]);
  });

  it("leaves no listener and no timer behind", async () => {
    const bench = createLogBench(openMemoryStore().events);
    await bench.commit("a", 3);
    const follower = startFollower(bench, { minFrame: 33, heartbeat: 1000 });
    await follower.quiet();
    assert.deepEqual([bench.listening(), bench.clock.waiting()], [2, 1]);
    await follower.stop();
    assert.equal(String(await follower.ended), "Error: stopped");
    assert.deepEqual([bench.listening(), bench.clock.waiting()], [0, 0]);
  });
});

/** A writer and a follower that meet at other points for each seed. */
async function followRandomWriter(seed: number) {
  const dice = createDice(seed);
  const bench = createLogBench(openMemoryStore().events, { tailBytes: 200 + dice(4000) });
  const writer = createRandomWriter(bench, dice);
  for (let i = dice(8); i > 0; i--) await writer.write();
  const wanted = [sessions, ["a"], ["a", "c"]][seed % 3]!;
  const selection = { ...everything, sessions: seed % 3 === 0 ? [] : wanted };
  const follower = startFollower(bench, { selection, maxBatchBytes: 1 + dice(3000) });
  for (let i = 0; i < 12; i++) {
    for (let wait = dice(6); wait > 0; wait--) await Promise.resolve();
    const commits = Array.from({ length: 1 + dice(3) }, writer.write);
    if (dice(2) === 0) await Promise.all(commits);
    if (dice(3) === 0) await tick();
  }
  await bench.log.store.settled();
  await follower.quiet();
  await follower.stop();
  return {
    told: follower.events(),
    expected: writer.written.filter((name) => wanted.includes(name[0]!)),
    synced: follower.batches.filter((batch) => batch.synced).length,
  };
}

/** Commits one to four events, or now and then hundreds, in one of three sessions. */
function createRandomWriter(bench: LogBench, dice: (below: number) => number) {
  const written: string[] = [];
  return {
    written,
    async write() {
      const sessionId = sessions[dice(3)]!;
      const count = 1 + dice(dice(4) === 0 ? 300 : 4);
      const from = written.filter((name) => name.startsWith(sessionId)).length;
      for (let i = 1; i <= count; i++) written.push(`${sessionId}/${from + i}`);
      await bench.commit(sessionId, count);
    },
  };
}
