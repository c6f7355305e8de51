import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { merge } from "./merge.ts";

const soon = () => new Promise(setImmediate);

describe("merge", () => {
  it("yields from all sources, first come first served", async () => {
    const gate = Promise.withResolvers<void>();
    async function* late() {
      await gate.promise;
      yield "late";
    }
    async function* early() {
      yield "early";
      gate.resolve();
      yield "then";
    }
    const told: string[] = [];
    for await (const item of merge([late(), early()])) told.push(item);
    assert.deepEqual(told.toSorted(), ["early", "late", "then"]);
    assert.equal(told[0], "early");
  });

  it("keeps a source at its yield until the next item is asked for (M1)", async () => {
    const ran: string[] = [];
    async function* source(name: string) {
      yield name;
      ran.push(name);
    }
    const merged = merge([source("a"), source("b")]);
    for (const expected of [[], ["a"]]) {
      await merged.next();
      await soon();
      assert.deepEqual(ran, expected);
    }
    await merged.next();
    assert.deepEqual(ran, ["a", "b"]);
  });

  it("closes every source when it is closed, and when one fails (M2)", async () => {
    const closed: string[] = [];
    async function* source(name: string, error?: Error) {
      try {
        yield name;
        if (error) throw error;
        yield name;
      } finally {
        closed.push(name);
      }
    }
    const merged = merge([source("a"), source("b")]);
    await merged.next();
    await merged.return(undefined);
    assert.deepEqual(closed.splice(0).toSorted(), ["a", "b"]);
    const failing = merge([source("a"), source("b", new Error("boom"))]);
    await assert.rejects(async () => {
      for await (const _ of failing);
    }, /boom/);
    assert.deepEqual(closed.toSorted(), ["a", "b"]);
  });

  it("ends at once without sources", async () => {
    assert.deepEqual(await merge([]).next(), { value: undefined, done: true });
  });
});
