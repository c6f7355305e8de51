import assert from "node:assert/strict";
import { describe } from "node:test";
import type { StoredEvent } from "../event-store.ts";
import { deletionSuite } from "./deletion-suite.ts";
import { draftSuite } from "./draft-suite.ts";
import {
  appendOf,
  bytesOf,
  itWith,
  nameOf,
  type OpenStore,
  readAll,
  readWholeSession,
} from "./opened-store.ts";

const refusedAs = (refusal: string) => ({ name: "DaemonError", refusal });

/** What every event store promises. */
export function eventStoreSuite(name: string, open: OpenStore): void {
  describe(`${name}: appending`, () => appendSuite(open));
  describe(`${name}: reading`, () => readSuite(open));
  describe(`${name}: heads and requests`, () => headSuite(open));
  describe(`${name}: drafts`, () => draftSuite(open));
  describe(`${name}: deleting`, () => deletionSuite(open));
}

function appendSuite(open: OpenStore): void {
  const it = itWith(open);

  it("has a log id that fits a cursor", async ({ events }) => {
    assert.match(events.logId, /^[a-z0-9]{8,32}$/);
  });

  it("gives positions that grow, over all sessions", async ({ events }) => {
    await events.append(appendOf("a", 0, 2));
    await events.append(appendOf("b", 0));
    await events.append(appendOf("a", 2));
    assert.deepEqual(await readAll(events), ["1 a/1", "2 a/2", "3 b/1", "4 a/3"]);
    assert.equal(events.head(), 4);
  });

  it("keeps all of an event", async ({ events }) => {
    const context = { agent: "writer", labels: { team: "red", "": "é" } };
    const added = { seq: 1, kind: 182, time: 5, bytes: Uint8Array.of(0, 255, 7) };
    await events.append(appendOf("a", 0, 1, { events: [added], context }));
    const expected = [
      { ...context, position: 1, sessionId: "a", seq: 1, kind: 182, bytes: added.bytes },
    ];
    assert.deepEqual((await events.readLog(0, 1)).events.map(plain), expected);
    assert.deepEqual((await events.readSession("a", 0, 9)).map(plain), expected);
  });

  it("keeps each event's context as it was when it was committed", async ({ events }) => {
    await events.append(appendOf("a", 0, 1, { context: { agent: "x", labels: {} } }));
    await events.append(appendOf("a", 1, 1, { context: { agent: "x", labels: { k: "1" } } }));
    await events.append(appendOf("b", 0, 1, { context: { agent: "x", labels: {} } }));
    const page = await events.readLog(0, events.head());
    assert.deepEqual(
      page.events.map(({ labels }) => labels),
      [{}, { k: "1" }, {}],
    );
  });

  it("refuses another writer's seq as aborted, and keeps nothing", async ({ events, records }) => {
    await events.append(appendOf("a", 0, 2));
    const late = appendOf("a", 1, 3, {
      head: { value: bytesOf("wrong"), unfinished: true },
      records: [{ kind: "agent", id: "x", revision: 1, value: bytesOf("wrong") }],
      request: { principal: "p", method: "m", id: "i", request: bytesOf(""), answer: bytesOf("") },
    });
    await assert.rejects(events.append(late), refusedAs("aborted"));
    await assert.rejects(events.append(appendOf("b", 4)), refusedAs("aborted"));
    assert.deepEqual(await readAll(events), ["1 a/1", "2 a/2"]);
    assert.equal(await events.sessionState("b"), "unknown");
    assert.equal(await events.readHead("a"), undefined);
    assert.equal(await records.readRecord("agent", "x"), undefined);
    const key = { principal: "p", method: "m", id: "i" };
    assert.equal(await events.findRequest(key, bytesOf("")), undefined);
  });

  it("lets one of two writers with the same seq win", async ({ events }) => {
    const results = await Promise.allSettled([
      events.append(appendOf("a", 0, 2)),
      events.append(appendOf("a", 0, 3)),
      events.append(appendOf("b", 0)),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(await readAll(events), ["1 a/1", "2 a/2", "3 b/1"]);
  });

  it("tells what it committed, in order, before the append resolves", async ({ events }) => {
    const told: string[] = [];
    events.onCommit((committed) => {
      told.push(...committed.map((event) => `told ${nameOf(event)}`));
      assert.equal(events.head(), committed.at(-1)?.position);
    });
    await Promise.all([
      events.append(appendOf("a", 0, 2)).then(() => told.push("a resolved")),
      events.append(appendOf("b", 0)).then(() => told.push("b resolved")),
    ]);
    await events.append(appendOf("a", 2)).then(() => told.push("a resolved again"));
    const order = told.filter((line) => line.startsWith("told"));
    assert.deepEqual(order, ["told 1 a/1", "told 2 a/2", "told 3 b/1", "told 4 a/3"]);
    assert.ok(told.indexOf("told 2 a/2") < told.indexOf("a resolved"));
    assert.ok(told.indexOf("told 3 b/1") < told.indexOf("b resolved"));
    assert.equal(told.at(-1), "a resolved again");
  });

  it("shows nothing before it is told", async ({ events }) => {
    let told = 0;
    let isDone = false;
    events.onCommit((committed) => {
      told = committed.at(-1)?.position ?? told;
    });
    const head = { value: bytesOf("head"), unfinished: false };
    const appended = events.append(appendOf("a", 0, 3, { head })).finally(() => {
      isDone = true;
    });
    assert.equal(events.head(), 0);
    while (!isDone) {
      const page = await events.readLog(0, 100);
      assert.ok(page.events.length <= told);
      const session = await events.readSession("a", 0, 100);
      assert.ok(session.length <= told);
      const value = await events.readHead("a");
      assert.ok(value === undefined || told === 3);
      const state = await events.sessionState("a");
      assert.ok(state === "unknown" || told === 3);
    }
    await appended;
    assert.deepEqual(await readAll(events), ["1 a/1", "2 a/2", "3 a/3"]);
  });

  it("keeps the order of many appends at once", async ({ events }) => {
    const told: StoredEvent[] = [];
    events.onCommit((committed) => told.push(...committed));
    const appends = Array.from({ length: 1500 }, (_, i) =>
      events.append(appendOf(`s${i % 3}`, Math.floor(i / 3))),
    );
    await Promise.all(appends);
    const expected = Array.from({ length: 1500 }, (_, i) => i + 1);
    assert.deepEqual(
      told.map(({ position }) => position),
      expected,
    );
    assert.deepEqual(await readAll(events), told.map(nameOf));
  });

  it("says that it can write, and what it settled", async ({ events }) => {
    void events.append(appendOf("a", 0, 3)); // settled() waits for it
    assert.equal(await events.settled(), 3);
    assert.equal(events.trouble(), undefined);
    assert.ok((await events.size()) > 0);
  });
}

function readSuite(open: OpenStore): void {
  const it = itWith(open);

  it("reads in pages, never ahead of what was asked or of the head", async ({ events }) => {
    await events.append(appendOf("a", 0, 700));
    assert.equal((await readAll(events)).length, 700);
    assert.deepEqual((await readAll(events, 698)).length, 2);
    const page = await events.readLog(10, 12);
    assert.deepEqual([page.events.map(nameOf), page.reached], [["11 a/11", "12 a/12"], 12]);
    const beyond = await events.readLog(699, 10_000);
    assert.deepEqual([beyond.events.map(nameOf), beyond.reached], [["700 a/700"], 700]);
  });

  it("reads the named sessions only, and reaches the end without them", async ({ events }) => {
    for (let seq = 0; seq < 3; seq++) {
      for (const sessionId of ["a", "b", "c"]) await events.append(appendOf(sessionId, seq));
    }
    assert.deepEqual(await readAll(events, 3, ["c", "a"]), ["4 a/2", "6 c/2", "7 a/3", "9 c/3"]);
    assert.deepEqual(await readAll(events, 0, ["nobody"]), []);
  });

  it("reads one session behind a seq, up to a limit", async ({ events }) => {
    await events.append(appendOf("a", 0, 3));
    await events.append(appendOf("b", 0));
    await events.append(appendOf("a", 3, 2));
    const found = await events.readSession("a", 2, 2);
    assert.deepEqual(found.map(nameOf), ["3 a/3", "5 a/4"]);
    assert.deepEqual(await events.readSession("nobody", 0, 9), []);
  });

  it("reads pages of at most so many bytes, or of one event", async ({ events }) => {
    const batch = appendOf("a", 0, 9);
    const sized = batch.events.map((event, i) => ({ ...event, bytes: new Uint8Array(i * 100) }));
    await events.append({ ...batch, events: sized });
    await events.append(appendOf("b", 0));
    const pages: number[][] = [];
    for (let after = 0; after < 10; ) {
      const { events: page, reached } = await events.readLog(after, 10, undefined, 600);
      pages.push(page.map(({ seq }) => seq));
      after = reached;
    }
    const inLog = [[1, 2, 3, 4], [5], [6], [7], [8], [9], [1]];
    assert.deepEqual(pages.flat(), inLog.flat());
    assert.deepEqual(pages.slice(0, 4), inLog.slice(0, 4));
    const inSession = await events.readSession("a", 3, 9, 600);
    assert.deepEqual(
      inSession.map(({ seq }) => seq),
      [4],
    );
    assert.equal((await events.readSession("a", 8, 9, 1)).length, 1);
  });

  it("knows a session's last seq at a position", async ({ events }) => {
    await events.append(appendOf("a", 0, 2));
    await events.append(appendOf("b", 0, 2));
    await events.append(appendOf("a", 2));
    const at = (position: number) => events.seqAt("a", position);
    assert.deepEqual(await Promise.all([0, 1, 2, 3, 4, 5, 99].map(at)), [0, 1, 2, 2, 2, 3, 3]);
    assert.equal(await events.seqAt("nobody", 99), 0);
  });

  it("finds the live sessions that start alike", async ({ events }) => {
    for (const sessionId of ["ab", "aa", "b", "a%"]) await events.append(appendOf(sessionId, 0));
    assert.deepEqual(await events.idsLike("a"), ["a%", "aa", "ab"]);
    assert.deepEqual(await events.idsLike("a%"), ["a%"]);
    assert.deepEqual(await events.idsLike("c"), []);
    for (let i = 10; i < 40; i++) await events.append(appendOf(`n${i}`, 0));
    assert.equal((await events.idsLike("n")).length, 20);
  });

  it("reads a session back as it was written", async ({ events }) => {
    await events.append(appendOf("a", 0, 2));
    assert.deepEqual(await readWholeSession(events, "a"), ["1 a/1", "2 a/2"]);
    assert.equal(await events.sessionState("a"), "live");
  });
}

function headSuite(open: OpenStore): void {
  const it = itWith(open);
  const headOf = (text: string, unfinished = false) => ({
    head: { value: bytesOf(text), unfinished },
  });

  it("lists heads by creation, newest first, in pages", async ({ events }) => {
    for (const id of ["a", "b", "c", "d"]) await events.append(appendOf(id, 0, 1, headOf(id)));
    await events.append(appendOf("a", 1, 1, headOf("a2"))); // age is not activity
    const first = await events.listHeads(Number.MAX_SAFE_INTEGER, 3);
    const second = await events.listHeads(first.at(-1)?.place ?? 0, 3);
    const texts = [...first, ...second].map(({ value }) => new TextDecoder().decode(value));
    assert.deepEqual(texts, ["d", "c", "b", "a2"]);
    assert.deepEqual(await events.listHeads(second.at(-1)?.place ?? 0, 3), []);
  });

  it("knows which sessions are unfinished", async ({ events }) => {
    await events.append(appendOf("a", 0, 1, headOf("", true)));
    await events.append(appendOf("b", 0, 1, headOf("", true)));
    await events.append(appendOf("c", 0, 1, headOf("")));
    await events.append(appendOf("a", 1, 1, headOf("")));
    assert.deepEqual(await events.unfinished(), ["b"]);
  });

  it("remembers an answered request, and tells other bytes apart", async ({ events }) => {
    const key = { principal: "p", method: "Prompt", id: "r1" };
    await events.append(appendOf("a", 0, 2));
    const request = { ...key, request: bytesOf("hi"), answer: bytesOf("done") };
    await events.append(appendOf("a", 2, 2, { request }));
    const answer = bytesOf("done");
    const find = async (text: string) => {
      const found = await events.findRequest(key, bytesOf(text));
      return found && { ...found, answer: Uint8Array.from(found.answer) };
    };
    assert.deepEqual(await find("hi"), { answer, before: 2, same: true });
    assert.deepEqual(await find("ho"), { answer, before: 2, same: false });
    const others = [{ principal: "q" }, { method: "Cancel" }, { id: "r2" }];
    for (const other of others) {
      assert.equal(await events.findRequest({ ...key, ...other }, bytesOf("hi")), undefined);
    }
  });

  it("remembers where a request that caused no event was answered", async ({ events }) => {
    const key = { principal: "p", method: "Cancel", id: "r1" };
    await events.append(appendOf("a", 0, 2));
    const request = { ...key, request: bytesOf("hi"), answer: bytesOf("done") };
    await events.append(appendOf("a", 2, 0, { request }));
    assert.equal((await events.findRequest(key, bytesOf("hi")))?.before, 2);
  });

  it("reads the head of the last append that had one", async ({ events }) => {
    await events.append(appendOf("a", 0, 1, headOf("one")));
    await events.append(appendOf("a", 1));
    assert.deepEqual(new TextDecoder().decode(await events.readHead("a")), "one");
    assert.equal(await events.readHead("nobody"), undefined);
  });
}

/** A row's bytes may come in another kind of array; the content is what counts. */
function plain(event: StoredEvent): StoredEvent {
  return { ...event, bytes: Uint8Array.from(event.bytes) };
}
