import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { type Convoys, createConvoys } from "./convoys.ts";
import type { Draft } from "./draft.ts";
import type { Batch } from "./follower.ts";
import { everything } from "./selection.ts";
import { createAssembly, createDice, followAll } from "./testing/follower.ts";
import { createLogBench, type LogBench } from "./testing/log-bench.ts";

const seeds = 60;
const sessions = ["a", "b", "c"] as const;
const context = { agent: "coder", labels: {} };
const goodbye = new Error("goodbye");

type Dice = (below: number) => number;

describe("convoys, by thrown dice", () => {
  it("tell whoever comes, leaves and returns everything once, and keep nothing", async () => {
    for (let seed = 1; seed <= seeds; seed++) await tryOut(seed);
  });
});

/** Whatever may happen, in an order that only the seed decides. */
async function tryOut(seed: number): Promise<void> {
  const dice = createDice(seed);
  // Half of them have to read drafts from the store, since the tail holds next to nothing.
  const draftTailBytes = dice(2) === 0 ? 40 : 100_000;
  const bench = createLogBench(openMemoryStore().events, { tailBytes: 3000, draftTailBytes });
  const convoys = createConvoys(bench);
  const writer = createWriter(bench, dice);
  const readers: Reader[] = [];
  for (let round = 0; round < 120; round++) {
    if (round % 10 === 0) readers.push(startReader(convoys, writer, dice));
    await writer.write();
    if (dice(3) === 0) bench.clock.advance(dice(40));
    if (dice(6) === 0) readers[dice(readers.length)]?.reconnect();
    await pause(dice(3));
  }
  await untilTold(bench, writer, readers);
  for (const [i, reader] of readers.entries()) {
    const failure = await reader.stop();
    const where = `seed ${seed}, reader ${i} (${reader.manner})`;
    assert.equal(failure, undefined, `${where}: ${failure}`);
    assert.deepEqual(reader.events, writer.eventsFor(reader.only), `${where}: events`);
    assert.deepEqual(reader.parts, writer.openFor(reader.only), `${where}: drafts`);
  }
  await pause(1); // a convoy that is looking ends after its look
  assert.deepEqual([bench.listening(), bench.clock.waiting()], [0, 0], `seed ${seed}: left behind`);
}

/** Readers catch up in their own time; one that never does shows in the comparison. */
async function untilTold(bench: LogBench, writer: Writer, readers: readonly Reader[]) {
  await writer.flushed();
  const bytesOf = (parts: ReadonlyMap<string, string>) => [...parts.values()].join("").length;
  const isBehind = (reader: Reader) =>
    reader.events.length < writer.eventsFor(reader.only).length ||
    bytesOf(reader.parts) < bytesOf(writer.openFor(reader.only));
  for (let i = 0; i < 300 && readers.some(isBehind); i++) {
    await pause(1);
    bench.clock.advance(20); // deltas wait for their frame
  }
}

/** A piece names the head of its moment: whoever is told the piece was told all up to there. */
const headsOf = (text: string) => [...text.matchAll(/(\d+)é /g)].map(([, head]) => Number(head));

type Writer = ReturnType<typeof createWriter>;

/** Commits events and writes drafts, and knows what there is to be told. */
function createWriter(bench: LogBench, dice: Dice) {
  const events: string[] = [];
  const open: { readonly draft: Draft; text: string }[] = [];
  const settled = new Map<string, string>();
  let drafts = 0;
  const eventsOf = (only = "") => events.filter((event) => event.startsWith(only));

  function openDraft(sessionId: string): void {
    const name = { draftId: `draft-${++drafts}`, sessionId, turnId: "turn", step: 1 };
    open.push({ draft: bench.log.openDraft(name, context), text: "" });
  }

  function writePiece(): void {
    const written = open[dice(open.length)];
    if (written === undefined) return;
    const piece = `${bench.log.head()}é `;
    written.draft.write(0, piece);
    written.text += piece;
  }

  /** The last of the events settles a draft of the session, where there is one. */
  async function commit(sessionId: string, settles: boolean): Promise<void> {
    const count = 1 + dice(3);
    const seq = eventsOf(sessionId).length;
    for (let i = 1; i <= count; i++) events.push(`${sessionId}/${seq + i}`);
    const place = settles ? open.findIndex(({ draft }) => draft.sessionId === sessionId) : -1;
    const ids = place < 0 ? [] : open.splice(place, 1).map(({ draft }) => draft.draftId);
    for (const draftId of ids) settled.set(`${sessionId}/${seq + count}`, draftId);
    await bench.commit(sessionId, count, { settles: ids });
  }

  return {
    async write(): Promise<void> {
      const sessionId = oneOf(dice, sessions);
      if (!eventsOf().includes(`${sessionId}/1`)) await commit(sessionId, false); // now it exists
      if (dice(4) === 0) openDraft(sessionId);
      for (let i = dice(4); i > 0; i--) writePiece();
      if (dice(3) === 0) await commit(sessionId, dice(2) === 0);
    },
    flushed: () => Promise.all(open.map(({ draft }) => draft.flushed())),
    /** What was committed in one session, or in all. */
    eventsFor: eventsOf,
    /** The text of each draft that is open, of one session, or of all. */
    openFor(only = ""): ReadonlyMap<string, string> {
      const begun = open.filter(({ draft, text }) => text && draft.sessionId.startsWith(only));
      return new Map(begun.map(({ draft, text }) => [`${draft.draftId}/0`, text]));
    },
    /** The draft that this event settled. */
    settledBy: (event: string) => settled.get(event),
  };
}

type Reader = ReturnType<typeof startReader>;

/** A reader that goes on where it was, however often it reconnects. */
function startReader(convoys: Convoys, writer: Writer, dice: Dice) {
  const only = dice(3) === 0 ? oneOf(dice, sessions) : undefined;
  const minFrame = oneOf(dice, [0, 0, 16, 50]);
  const slowness = oneOf(dice, [0, 0, 30, 60, 100]);
  const selection = { ...everything, sessions: only === undefined ? [] : [only] };
  const wanted = { ...followAll, selection, minFrame, heartbeat: 100, maxBatchBytes: 600 };
  const events: string[] = [];
  const settled = new Set<string>();
  const { parts, add, held } = createAssembly();
  let position = 0;
  let isStopped = false;
  let connection = new AbortController();

  function hear(batch: Batch): void {
    position = batch.position;
    for (const { sessionId, seq } of batch.entries) {
      events.push(`${sessionId}/${seq}`);
      const draftId = writer.settledBy(`${sessionId}/${seq}`);
      if (draftId === undefined) continue;
      settled.add(draftId);
      parts.delete(`${draftId}/0`);
    }
    for (const delta of batch.deltas) {
      assert.ok(!settled.has(delta.draftId), `a delta of ${delta.draftId}, which is settled`);
      add(delta); // throws where one is told twice, or left out
      const heads = headsOf(String(delta.piece.value));
      assert.ok(Math.max(...heads) <= position, `a delta of ${heads}, told at ${position}`);
    }
  }

  /** Takes a batch, and sometimes needs a while before it can take another. */
  function tell(batch: Batch): Promise<void> | undefined {
    hear(batch);
    return dice(100) < slowness ? pause(1 + dice(5)) : undefined;
  }

  async function run(): Promise<unknown> {
    while (!isStopped) {
      connection = new AbortController();
      const options = { ...wanted, after: position, drafts: held() };
      try {
        await convoys.follow(options, tell, connection.signal);
        return new Error("it ended by itself");
      } catch (error) {
        if (error !== goodbye) return error;
      }
    }
    return undefined;
  }

  const ended = run();
  return {
    manner: `of ${only ?? "all"}, ${minFrame} ms a frame, ${slowness} % slow`,
    only,
    events,
    /** What it holds of the drafts that it was not told to be settled. */
    parts,
    reconnect: () => connection.abort(goodbye),
    /** Resolves with what went wrong, if anything did. */
    async stop(): Promise<unknown> {
      isStopped = true;
      connection.abort(goodbye);
      return ended;
    },
  };
}

async function pause(ticks: number): Promise<void> {
  for (let i = 0; i < ticks; i++) await tick();
}

const oneOf = <T>(dice: Dice, things: readonly [T, ...T[]]): T =>
  things[dice(things.length)] ?? things[0];
