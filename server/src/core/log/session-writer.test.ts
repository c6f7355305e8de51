import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Event, SessionCreatedSchema, SessionUpdatedSchema } from "@daphnia/protocol/event";
import { type Session, SessionSchema } from "@daphnia/protocol/session";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { eventOf } from "./entry.ts";
import type { EventStore } from "./event-store.ts";
import { createSessionWriter, type Fact, type HeadFold, maxEventBytes } from "./session-writer.ts";
import { createLogBench } from "./testing/log-bench.ts";

/** Notes titles and seqs; unfinished while the title ends in "…". */
const fold: HeadFold = {
  apply(head, event): Session {
    const next = { ...(head ?? create(SessionSchema, { id: event.sessionId })) };
    next.lastSeq = event.seq;
    if (event.body.case === "sessionCreated") next.agent = event.body.value.agent;
    if (event.body.case === "sessionUpdated") next.title = event.body.value.title ?? next.title;
    return next;
  },
  isUnfinished: (head) => head.title.endsWith("…"),
};

describe("createSessionWriter", () => {
  it("commits facts as events, with their place, time and origin", async () => {
    const { writer, log, clock } = createBench();
    clock.advance(1500);
    const events = await writer.commit([
      created("coder"),
      { ...titled("x"), turnId: "t1", step: 2 },
    ]);
    assert.deepEqual(
      events.map(({ seq, sessionId, turnId, step, time }) => [
        seq,
        sessionId,
        turnId,
        step,
        time?.nanos,
      ]),
      [
        [1n, "a", "", 0, 500_000_000],
        [2n, "a", "t1", 2, 500_000_000],
      ],
    );
    const stored = log.tail.after(0, 9)?.map((entry) => [entry.agent, eventOf(entry).seq]);
    assert.deepEqual(stored, [
      ["coder", 1n],
      ["coder", 2n],
    ]);
  });

  it("commits one after another, in the order it was asked (W1)", async () => {
    const { writer, log } = createBench();
    await Promise.all([
      writer.commit([created("x")]),
      ...["1", "2", "3"].map((t) => writer.commit([titled(t)])),
    ]);
    const titles = log.tail.after(1, 9)?.map((entry) => titleOf(eventOf(entry)));
    assert.deepEqual(titles, ["1", "2", "3"]);
    assert.equal(writer.head()?.title, "3");
  });

  it("shows a head only when it is committed (W2)", async () => {
    const { writer, store } = createBench();
    const committed = writer.commit([created("x"), titled("later…")]);
    assert.equal(writer.head(), undefined);
    await committed;
    assert.equal(writer.head()?.title, "later…");
    assert.deepEqual(await store.unfinished(), ["a"]);
  });

  it("goes on after a commit that failed, as if it had not been", async () => {
    const { writer, store } = createBench();
    await writer.commit([created("x")]);
    const append = store.append;
    let failures = 1;
    Object.assign(store, {
      append: (...given: Parameters<typeof append>) =>
        failures-- > 0 ? Promise.reject(new Error("no space")) : append(...given),
    });
    const failed = assert.rejects(writer.commit([titled("lost")]), /no space/);
    const next = writer.commit([titled("kept")]);
    await failed;
    assert.deepEqual(
      (await next).map(({ seq }) => seq),
      [2n],
    );
    assert.deepEqual([writer.head()?.title, writer.head()?.lastSeq], ["kept", 2n]);
  });

  it("tells two writers of one session apart", async () => {
    const { writer, log, clock } = createBench();
    const other = createSessionWriter("a", undefined, { log, fold, clock });
    await writer.commit([created("x")]);
    await assert.rejects(other.commit([created("y")]), { refusal: "aborted" });
    assert.equal(log.head(), 1);
  });

  it("refuses an event that is too large, and keeps nothing of its commit", async () => {
    const { writer, log } = createBench();
    await assert.rejects(writer.commit([created("x"), titled("x".repeat(maxEventBytes))]), {
      refusal: "resource_exhausted",
      detail: { reason: "LIMIT_REACHED", metadata: { limit: "max_event_bytes" } },
    });
    assert.deepEqual([log.head(), writer.head()], [0, undefined]);
    await assert.rejects(writer.commit([]), /a commit needs a fact/);
    await writer.commit([created("x")]);
    assert.equal(log.head(), 1);
  });

  it("goes on from a head that was read", async () => {
    const { writer, log, clock } = createBench();
    await writer.commit([created("x"), titled("one")]);
    const next = createSessionWriter("a", writer.head(), { log, fold, clock });
    await next.commit([titled("two")]);
    assert.deepEqual([next.head()?.agent, next.head()?.lastSeq], ["x", 3n]);
  });
});

function createBench() {
  const store: EventStore = openMemoryStore().events;
  const bench = createLogBench(store);
  return { ...bench, store, writer: createSessionWriter("a", undefined, { ...bench, fold }) };
}

function created(agent: string): Fact {
  return { body: { case: "sessionCreated", value: create(SessionCreatedSchema, { agent }) } };
}

function titled(title: string): Fact {
  return { body: { case: "sessionUpdated", value: create(SessionUpdatedSchema, { title }) } };
}

function titleOf({ body }: Event): string | undefined {
  return body.case === "sessionUpdated" ? body.value.title : undefined;
}
