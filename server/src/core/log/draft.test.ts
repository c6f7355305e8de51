import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { PartKind, PartStartSchema } from "@daphnia/protocol/event";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { createDraft } from "./draft.ts";
import type { EventStore, StoredPiece } from "./event-store.ts";
import { createManualClock } from "./testing/manual-clock.ts";
import { appendOf } from "./testing/opened-store.ts";
import { unpackCadence } from "./testing/unpack-cadence.ts";

const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
const noSpace = new Error("no space");

describe("createDraft", () => {
  it("shows a piece only after the store took it (D1)", async () => {
    const { draft, gate, told } = await createBench();
    draft.write(0, "one");
    draft.write(0, "two");
    assert.deepEqual([draft.waiting(), draft.tail.size(), told()], [6, 0, 0]);
    await gate.next();
    draft.write(0, "three");
    assert.deepEqual([draft.waiting(), draft.tail.size(), told()], [11, 0, 0]);
    gate.open();
    await gate.next();
    assert.deepEqual([draft.waiting(), draft.tail.size(), told()], [5, 6, 1]);
    gate.open();
    await draft.flushed();
    assert.deepEqual([draft.waiting(), draft.tail.size(), told()], [0, 11, 2]);
  });

  it("keeps pieces in the order they were written, with their places", async () => {
    const { draft, clock, free, store } = await createBench();
    free();
    draft.start(0, { kind: PartKind.TEXT });
    clock.advance(5);
    draft.write(0, "aé");
    clock.advance(7);
    draft.start(1, { kind: PartKind.TOOL_ARGUMENTS, callId: "c", tool: "read" });
    draft.write(1, "{}");
    draft.write(0, "b");
    await draft.flushed();
    const { pieces } = await store.readDraft("d", 0, 0);
    assert.deepEqual(pieces.map(show), [
      "0: part 0 at 0 of 0 after 0 ms: start",
      "1: part 0 at 0 of 0 after 5 ms: aé",
      "2: part 1 at 0 of 3 after 7 ms: start",
      "3: part 1 at 0 of 3 after 0 ms: {}",
      "4: part 0 at 3 of 5 after 0 ms: b",
    ]);
    assert.deepEqual(draft.tail.from(0), pieces);
    const { callId, tool } = fromBinary(PartStartSchema, pieces[2]!.bytes);
    assert.deepEqual([callId, tool], ["c", "read"]);
    assert.deepEqual(unpackCadence(draft.cadence()), [
      { part: 0, bytes: 0, delay: 0 },
      { part: 0, bytes: 3, delay: 5 },
      { part: 1, bytes: 0, delay: 7 },
      { part: 1, bytes: 2, delay: 0 },
      { part: 0, bytes: 1, delay: 0 },
    ]);
  });

  it("ends pieces on code points, in each part (D2)", async () => {
    const { draft, free, store } = await createBench();
    free();
    for (const [part, text] of [
      [0, "a\ud83d"],
      [1, "\ud83d"],
      [0, "\ude00b"],
      [1, "\ude01"],
    ] as const) {
      draft.write(part, text);
    }
    await draft.flushed();
    const { pieces } = await store.readDraft("d", 0, 0);
    const texts = pieces.map(({ part, bytes }) => `${part} ${new TextDecoder().decode(bytes)}`);
    assert.deepEqual(texts, ["0 a", "0 \u{1f600}b", "1 \u{1f601}"]);
  });

  it("does not let rounded milliseconds add up", async () => {
    const { draft, clock, free } = await createBench();
    free();
    for (let i = 0; i < 10; i++) {
      clock.advance(0.4);
      draft.write(0, "x");
    }
    await draft.flushed();
    const delays = unpackCadence(draft.cadence()).map(({ delay }) => delay);
    assert.equal(
      delays.reduce((sum, delay) => sum + delay),
      4,
    );
  });

  it("tries again what the store could not take, and loses nothing", async () => {
    const { draft, gate, free, store } = await createBench();
    draft.write(0, "one");
    await gate.next();
    gate.open(noSpace);
    await assert.rejects(draft.flushed(), noSpace);
    assert.equal(draft.waiting(), 3);
    draft.write(0, "two");
    const second = assert.rejects(draft.flushed(), noSpace);
    await gate.next();
    gate.open(noSpace);
    await second;
    free();
    await draft.flushed();
    const { pieces } = await store.readDraft("d", 0, 0);
    assert.deepEqual(pieces.map(show), [
      "0: part 0 at 0 of 0 after 0 ms: one",
      "1: part 0 at 3 of 3 after 0 ms: two",
    ]);
    assert.deepEqual([draft.waiting(), draft.tail.from(0)], [0, pieces]);
  });

  it("takes what is written at the moment a flush ends", async () => {
    for (let delay = 0; delay < 12; delay++) {
      const { draft, free, store } = await createBench();
      free();
      draft.write(0, "one");
      for (let i = 0; i < delay; i++) await Promise.resolve();
      draft.write(0, "two");
      await draft.flushed();
      const { pieces } = await store.readDraft("d", 0, 0);
      assert.deepEqual([pieces.length, draft.tail.size(), draft.waiting()], [2, 6, 0]);
    }
  });
});

/** A draft over a store that takes pieces when the test lets it. */
async function createBench() {
  const { events } = openMemoryStore();
  await events.append(appendOf("a", 0));
  const clock = createManualClock();
  let told = 0;
  let isFree = false;
  let arrive: () => void = () => {};
  let answer: (error?: Error) => void = () => {};
  let waiting = false;
  const store: EventStore = {
    ...events,
    async appendDraft(draft, pieces) {
      if (!isFree) {
        const error = await new Promise<Error | undefined>((resolve) => {
          answer = resolve;
          waiting = true;
          arrive();
        });
        if (error !== undefined) throw error;
      }
      await events.appendDraft(draft, pieces);
    },
  };
  const onShown = () => told++;
  const context = { agent: "coder", labels: {} };
  const draft = createDraft(name, context, { store, clock, tailBytes: 1000, onShown });
  return {
    draft,
    clock,
    store: events,
    told: () => told,
    free() {
      isFree = true;
    },
    gate: {
      /** Resolves when the store is asked to take pieces. */
      async next() {
        if (!waiting) await new Promise<void>((resolve) => (arrive = resolve));
        waiting = false;
      },
      open: (error?: Error) => answer(error),
    },
  };
}

function show({ index, part, offset, total, delay, isStart, bytes }: StoredPiece): string {
  const text = isStart ? "start" : new TextDecoder().decode(bytes);
  return `${index}: part ${part} at ${offset} of ${total} after ${delay} ms: ${text}`;
}
