import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDraftTail } from "./draft-tail.ts";
import type { StoredPiece } from "./event-store.ts";

describe("createDraftTail", () => {
  it("holds all pieces while they fit", () => {
    const tail = createDraftTail(100);
    const pieces = piecesOf(5);
    for (const piece of pieces) tail.push(piece);
    assert.deepEqual([tail.floor(), tail.size()], [0, 40]);
    assert.deepEqual([tail.from(0), tail.from(3), tail.from(5)], [pieces, pieces.slice(3), []]);
  });

  it("keeps the last bytes and says where they begin", () => {
    const tail = createDraftTail(100);
    const pieces = piecesOf(12);
    for (const piece of pieces) tail.push(piece);
    assert.deepEqual([tail.floor(), tail.size()], [5, 110]);
    assert.deepEqual(tail.from(5), pieces.slice(5));
    assert.deepEqual(tail.from(9), pieces.slice(9));
  });

  it("keeps the last piece, however large it is", () => {
    const tail = createDraftTail(5);
    const pieces = piecesOf(3);
    for (const piece of pieces) tail.push(piece);
    assert.deepEqual([tail.floor(), tail.size(), tail.from(2)], [2, 20, pieces.slice(2)]);
  });
});

/** A start, then pieces of ten bytes. */
function piecesOf(count: number): StoredPiece[] {
  return Array.from({ length: count }, (_, index) => {
    const total = Math.max(0, index - 1) * 10;
    const bytes = new Uint8Array(10);
    return { index, part: 0, offset: total, total, delay: 0, isStart: index === 0, bytes };
  });
}
