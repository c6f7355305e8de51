// Drives a store as a busy daemon would, and notes in `acks` what it was told.
// Usage: node workload.ts <home> <events> <synced | unsynced>
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as tick } from "node:timers/promises";
import type { Append, DraftName } from "../../src/core/log/event-store.ts";
import { openSqliteStore } from "../../src/plugins/sqlite/open-store.ts";
import type { WalSync } from "../../src/plugins/sqlite/wal-sync.ts";

const [home = "", count = "0", mode = "synced"] = process.argv.slice(2);
const acks = openSync(join(home, "acks"), "w");
const noSync: WalSync = { begin: (done) => setImmediate(done), now() {}, close() {} };
const fail = (error: unknown) => {
  throw error;
};
const { events, blobs } = openSqliteStore(
  home,
  { onFatal: fail, onCorrupt: fail, onStarved: fail },
  // Few frames: the write-ahead log is emptied and begun anew many times.
  { checkpointFrames: 128, ...(mode === "unsynced" && { openSync: () => noSync }) },
);

/** A session's next seq, and its drafts that are open with the next piece's place. */
interface Writer {
  readonly id: string;
  seq: number;
  draft: { readonly name: DraftName; index: number; total: number } | undefined;
}

const running = new Set<Promise<unknown>>();
let sessions = 0;
const writers = ["a", "b", "c", "d", "e", "f"].map(createWriter);
let drafts = 0;
let written = 0;
let revision = 0;
let deletions = 0;

function createWriter(name: string): Writer {
  return { id: `${name}${++sessions}`, seq: 0, draft: undefined };
}

function ack(...lines: string[]): void {
  writeSync(acks, lines.map((line) => `${line}\n`).join(""));
}

function run(task: Promise<unknown>, line?: string): void {
  const ended = task.then(() => line && ack(line));
  running.add(ended);
  ended.then(() => running.delete(ended), fail);
}

/** Any number below, with a fixed sequence: a failure can be run again. */
let state = 12_345;
function dice(below: number): number {
  state = (state * 48_271) % 2_147_483_647;
  return state % below;
}

function batchOf(writer: Writer, more: Partial<Append>): Append {
  const events = Array.from({ length: 1 + dice(3) }, () => {
    const bytes = new Uint8Array(20 + dice(dice(10) === 0 ? 9000 : 300)).fill(dice(256));
    return { seq: ++writer.seq, kind: 140, time: 1, bytes };
  });
  written += events.length;
  const head = { value: new Uint8Array(100).fill(dice(256)), unfinished: dice(2) === 0 };
  const context = { agent: "coder", labels: { batch: String(dice(3)) } };
  const expectedSeq = writer.seq - events.length;
  return { sessionId: writer.id, expectedSeq, events, head, context, ...more };
}

async function appendWithBlob(writer: Writer): Promise<void> {
  const blob = await blobs.prepare(new Uint8Array(1000 + dice(20_000)).fill(dice(256)));
  run(events.append(batchOf(writer, { blobs: [blob] })), `blob ${writer.id} ${blob.digest}`);
}

function appendWithRecord(writer: Writer): void {
  revision++;
  const records = [{ kind: "agent", id: "x", revision, value: new Uint8Array(200) }];
  run(events.append(batchOf(writer, { records })), `record ${revision}`);
}

function writeDraft(writer: Writer): void {
  const draftId = `draft-${++drafts}`;
  const name = { draftId, sessionId: writer.id, turnId: "t", step: 1 };
  writer.draft ??= { name, index: 0, total: 0 };
  const { draft } = writer;
  const bytes = new Uint8Array(40);
  const { index, total } = draft;
  const piece = { index, part: 0, offset: total, total, delay: 1, isStart: false, bytes };
  draft.index++;
  draft.total += bytes.length;
  run(events.appendDraft(draft.name, [piece]));
}

function settleDraft(writer: Writer): void {
  const draftId = writer.draft?.name.draftId ?? "none";
  writer.draft = undefined;
  run(events.append(batchOf(writer, { settles: [draftId] })), `settled ${draftId}`);
}

/** Deletes a session; another takes its place. The first session tells it. */
function deleteSession(at: number): void {
  const gone = writers[at];
  const teller = writers[0];
  if (gone === undefined || teller === undefined) return;
  writers[at] = createWriter("n");
  ack(`deleting ${gone.id}`);
  run(events.deleteSession(gone.id, batchOf(teller, {})), `deleted ${gone.id}`);
  deletions++;
}

async function step(): Promise<void> {
  const at = dice(writers.length);
  const writer = writers[at];
  if (writer === undefined) return;
  if (writer.seq === 0) run(events.append(batchOf(writer, {})));
  const chance = dice(100);
  if (chance < 35) run(events.append(batchOf(writer, {})));
  else if (chance < 75) writeDraft(writer);
  else if (chance < 85) settleDraft(writer);
  else if (chance < 92) await appendWithBlob(writer);
  else if (chance < 98) appendWithRecord(writer);
  else if (at > 0 && running.size < 40) deleteSession(at);
}

events.onCommit((told) => {
  ack(...told.map(({ sessionId, seq, position }) => `event ${sessionId} ${seq} ${position}`));
});
while (written < Number(count)) {
  for (let steps = 1 + dice(6); steps > 0; steps--) await step();
  await tick();
  if (dice(4) === 0) await events.settled();
}
await Promise.all(running);
if (deletions === 0) throw new Error("the workload deleted nothing");
process.exit(0); // not closed: the power goes while it is open
