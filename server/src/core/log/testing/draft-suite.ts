import assert from "node:assert/strict";
import type { DraftName, EventStore, StoredPiece } from "../event-store.ts";
import { appendOf, bytesOf, itWith, type OpenStore } from "./opened-store.ts";

/** What every event store promises of drafts. */
export function draftSuite(open: OpenStore): void {
  const it = itWith(open);

  it("keeps a draft's pieces and reads them from any index", async ({ events }) => {
    await events.append(appendOf("a", 0));
    await events.appendDraft(nameOf("d1"), piecesOf(0, 3));
    await events.appendDraft(nameOf("d1"), piecesOf(3, 2));
    assert.deepEqual(await readDraft(events, "d1", 0), piecesOf(0, 5));
    assert.deepEqual(await readDraft(events, "d1", 4), piecesOf(4, 1));
    assert.deepEqual(await readDraft(events, "d1", 5), []);
    assert.deepEqual(await readDraft(events, "nobody", 0), []);
  });

  it("keeps drafts apart that are written by turns", async ({ events }) => {
    await events.append(appendOf("a", 0));
    for (let i = 0; i < 400; i++) {
      await events.appendDraft(nameOf("d1"), piecesOf(i, 1));
      if (i % 2 === 0) await events.appendDraft(nameOf("d2"), piecesOf(i / 2, 1));
    }
    assert.deepEqual(await readDraft(events, "d1", 0), piecesOf(0, 400));
    assert.deepEqual(await readDraft(events, "d2", 150), piecesOf(150, 50));
  });

  it("names the drafts of a session that nothing has settled", async ({ events }) => {
    await events.append(appendOf("a", 0));
    await events.append(appendOf("b", 0));
    for (const draftId of ["d1", "d2", "d3"]) {
      await events.appendDraft(nameOf(draftId), piecesOf(0, 1));
    }
    await events.appendDraft({ ...nameOf("d4"), sessionId: "b" }, piecesOf(0, 1));
    await events.append(appendOf("a", 1, 1, { settles: ["d2", "unknown"] }));
    assert.deepEqual(await events.openDrafts("a"), [nameOf("d1"), nameOf("d3")]);
    assert.deepEqual(await readDraft(events, "d2", 0), []);
  });

  it("settles nothing with an append that is refused", async ({ events }) => {
    await events.append(appendOf("a", 0));
    await events.appendDraft(nameOf("d1"), piecesOf(0, 2));
    await assert.rejects(events.append(appendOf("a", 0, 1, { settles: ["d1"] })));
    assert.deepEqual(await events.openDrafts("a"), [nameOf("d1")]);
    assert.deepEqual(await readDraft(events, "d1", 0), piecesOf(0, 2));
  });

  it("does not open a settled draft again", async ({ events }) => {
    await events.append(appendOf("a", 0));
    await events.appendDraft(nameOf("d1"), piecesOf(0, 2));
    await events.append(appendOf("a", 1, 1, { settles: ["d1"] }));
    const refusal = { name: "DaemonError", refusal: "failed_precondition" };
    await assert.rejects(events.appendDraft(nameOf("d1"), piecesOf(2, 1)), refusal);
    assert.deepEqual(await events.openDrafts("a"), []);
  });

  it("refuses a draft of a session that is not there", async ({ events }) => {
    const refusal = { name: "DaemonError", refusal: "not_found" };
    await assert.rejects(events.appendDraft(nameOf("d1"), piecesOf(0, 1)), refusal);
  });

  it("keeps an open draft while many others are settled and cleared away", async ({ events }) => {
    await events.append(appendOf("a", 0));
    await events.appendDraft(nameOf("gone"), piecesOf(0, 3));
    await events.appendDraft(nameOf("kept"), piecesOf(0, 3));
    await events.append(appendOf("a", 1, 1, { settles: ["gone"] }));
    for (let i = 0; i < 40; i++) {
      await events.appendDraft(nameOf(`d${i}`), piecesOf(0, 3));
      await events.append(appendOf("a", i + 2, 1, { settles: [`d${i}`] }));
    }
    await events.appendDraft(nameOf("kept"), piecesOf(3, 1));
    assert.deepEqual(await readDraft(events, "kept", 0), piecesOf(0, 4));
    assert.deepEqual(await events.openDrafts("a"), [nameOf("kept")]);
  });
}

function nameOf(draftId: string): DraftName {
  return { draftId, sessionId: "a", turnId: "t1", step: 2 };
}

/** A start, then pieces of four bytes. */
function piecesOf(first: number, count: number): StoredPiece[] {
  return Array.from({ length: count }, (_, i) => {
    const index = first + i;
    const offset = Math.max(0, index - 1) * 4;
    const isStart = index === 0;
    const bytes = isStart ? Uint8Array.of(8, 1) : bytesOf(String(index).padStart(4, "0"));
    return { index, part: 1, offset, total: offset, delay: index % 7, isStart, bytes };
  });
}

async function readDraft(store: EventStore, draftId: string, from: number) {
  const pieces: StoredPiece[] = [];
  for (let after = 0; ; ) {
    const page = await store.readDraft(draftId, from, after);
    pieces.push(...page.pieces.map((p) => ({ ...p, bytes: Uint8Array.from(p.bytes) })));
    if (page.next === after) return pieces;
    after = page.next;
  }
}
