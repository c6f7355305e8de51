import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { createEventPages, pageSize } from "../src/data/event-pages.ts";

const eventAt = (seq: number) => create(EventSchema, { seq: BigInt(seq) });

/** Pages over a log of `length` events, and a way to wait for what they read. */
function pagesOver(log: { length: number }) {
  const asked: number[] = [];
  let rest = Promise.withResolvers<void>();
  const read = async (from: number, count: number): Promise<Event[]> => {
    asked.push(from);
    const end = Math.min(log.length, from + count - 1);
    return Array.from({ length: Math.max(0, end - from + 1) }, (_, i) => eventAt(from + i));
  };
  const pages = createEventPages(read, () => {
    rest.resolve();
    rest = Promise.withResolvers();
  });
  const seqAt = async (seq: number): Promise<number> => {
    while (pages.event(seq) === undefined) await rest.promise;
    return Number(pages.event(seq)?.seq);
  };
  return { pages, asked, seqAt };
}

describe("createEventPages", () => {
  it("reads a page once, when one of its events is wanted", async () => {
    const { asked, seqAt } = pagesOver({ length: 1000 });
    assert.deepEqual(
      [await seqAt(1), await seqAt(pageSize), await seqAt(pageSize + 1)],
      [1, pageSize, pageSize + 1],
    );
    assert.deepEqual(asked, [1, pageSize + 1]);
  });

  it("takes what comes at the end without reading", async () => {
    const { pages, asked, seqAt } = pagesOver({ length: 3 });
    await seqAt(3);
    pages.append(eventAt(4));
    assert.equal(pages.event(4)?.seq, 4n);
    pages.append(eventAt(pageSize + 1));
    assert.equal(pages.event(pageSize + 1)?.seq, BigInt(pageSize + 1));
    assert.deepEqual(asked, [1]);
  });

  it("reads again where something came that it was not told", async () => {
    const log = { length: 3 };
    const { pages, asked, seqAt } = pagesOver(log);
    await seqAt(3);
    log.length = 6;
    pages.append(eventAt(6));
    assert.deepEqual([await seqAt(4), await seqAt(5), await seqAt(6)], [4, 5, 6]);
    assert.deepEqual(asked, [1, 1]);
  });

  it("forgets the page that was looked at longest ago", async () => {
    const { asked, seqAt } = pagesOver({ length: pageSize * 100 });
    for (let page = 0; page < 61; page++) await seqAt(page * pageSize + 1);
    await seqAt(pageSize + 1);
    assert.equal(asked.length, 61);
    await seqAt(1);
    assert.equal(asked.length, 62);
  });

  it("says why a page cannot be read, and does not ask for it in a circle", async () => {
    const changed = Promise.withResolvers<void>();
    let tries = 0;
    const read = async () => {
      tries++;
      throw new Error("gone");
    };
    const pages = createEventPages(read, changed.resolve);
    pages.event(1);
    await changed.promise;
    pages.event(1);
    assert.equal(tries, 1);
    assert.match(String(pages.problem()), /gone/);
  });
});
