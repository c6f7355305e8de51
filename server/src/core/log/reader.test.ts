import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { eventOf } from "./entry.ts";
import type { EventStore } from "./event-store.ts";
import { createReader, type Page } from "./reader.ts";
import { everything } from "./selection.ts";
import { createLogBench } from "./testing/log-bench.ts";

describe("createReader", () => {
  it("does not ask the store for what the tail holds", async () => {
    const { store, asked } = watched();
    const { log, commit } = createLogBench(store);
    await commit("a", 3);
    const page = await createReader(log, everything, 1e6)(0, 3);
    assert.deepEqual([show(page), asked()], [["a/1 a/2 a/3", 3], 0]);
  });

  it("never reads ahead of the head it was given", async () => {
    for (const tailBytes of [1e6, 1]) {
      const { log, commit } = createLogBench(openMemoryStore().events, { tailBytes });
      await commit("a", 6);
      for (const sessions of [[], ["a"], ["a", "b"]]) {
        const read = createReader(log, { ...everything, sessions }, 1e6);
        assert.deepEqual(show(await read(1, 4)), ["a/2 a/3 a/4", 4]);
        assert.deepEqual(show(await read(4, 4)), ["", 4]);
      }
    }
  });

  it("reaches the head when it finds nothing", async () => {
    for (const tailBytes of [1e6, 1]) {
      const { log, commit } = createLogBench(openMemoryStore().events, { tailBytes });
      await commit("a", 6);
      const read = createReader(log, { ...everything, sessions: ["nobody"] }, 1e6);
      assert.deepEqual(show(await read(0, 6)), ["", 6]);
    }
  });

  it("reads one session by its own index, however much lies between", async () => {
    const { store, asked } = watched();
    const { log, commit } = createLogBench(store, { tailBytes: 1 });
    for (let i = 0; i < 600; i++) {
      await commit("b", 3);
      if (i % 2 === 0) await commit("a");
    }
    const read = createReader(log, { ...everything, sessions: ["a"] }, 1e6);
    const names: string[] = [];
    for (let at = 0; at < log.head(); ) {
      const page = await read(at, log.head());
      names.push(...page.entries.map(({ seq }) => `a/${seq}`));
      at = page.reached;
    }
    assert.deepEqual(
      names,
      Array.from({ length: 300 }, (_, i) => `a/${i + 1}`),
    );
    assert.equal(asked(), 4); // one place, two pages, and one that is empty
  });

  it("cuts a page at its bytes and goes on there", async () => {
    for (const tailBytes of [1e6, 1]) {
      const { log, commit } = createLogBench(openMemoryStore().events, { tailBytes });
      await commit("a", 5);
      await commit("b", 2);
      const size = log.tail.after(0, 1)?.[0]?.wire.length ?? 0;
      const read = createReader(log, everything, 2 * size + 100);
      const names: string[] = [];
      for (let at = 0; at < 7; ) {
        const page = await read(at, 7);
        assert.ok(page.entries.length > 0 && page.reached > at);
        names.push(...page.entries.map((entry) => `${entry.sessionId}/${entry.seq}`));
        at = page.reached;
      }
      assert.deepEqual(names, ["a/1", "a/2", "a/3", "a/4", "a/5", "b/1", "b/2"]);
    }
  });

  it("gives the same bytes from the tail and from the store", async () => {
    const near = createLogBench(openMemoryStore().events);
    const far = createLogBench(openMemoryStore().events, { tailBytes: 1 });
    const wires = [];
    for (const { log, commit } of [near, far]) {
      await commit("a", 3);
      const page = await createReader(log, everything, 1e6)(0, 3);
      wires.push(page.entries.map((entry) => [entry.wire, eventOf(entry).cursor]));
    }
    assert.deepEqual(wires[0], wires[1]);
    assert.equal(wires[0]?.[2]?.[1], "memory000000.3");
  });
});

function show(page: Page): [string, number] {
  return [page.entries.map((entry) => `${entry.sessionId}/${entry.seq}`).join(" "), page.reached];
}

/** A memory store that counts how often it is read. */
function watched() {
  const { events } = openMemoryStore();
  let asked = 0;
  const count = <A extends unknown[], R>(read: (...given: A) => R) => {
    return (...given: A) => {
      asked++;
      return read(...given);
    };
  };
  const store: EventStore = {
    ...events,
    readLog: count(events.readLog),
    readSession: count(events.readSession),
    seqAt: count(events.seqAt),
  };
  return { store, asked: () => asked };
}
