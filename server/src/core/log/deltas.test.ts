import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Delta, PartKind, PartStartSchema } from "@daphnia/protocol/event";
import { deltaBytes, toDeltas } from "./deltas.ts";
import type { StoredPiece } from "./event-store.ts";

const name = { draftId: "d", sessionId: "a", turnId: "t", step: 3 };

describe("toDeltas", () => {
  it("puts neighbours of one part together", () => {
    const pieces = [text(0, "ab"), text(0, "c"), text(1, "x"), text(0, "d"), text(0, "é")];
    const { deltas, taken } = toDeltas(name, placed(pieces), 1000);
    assert.deepEqual(deltas.map(show), ["0@0 abc", "1@0 x", "0@3 dé"]);
    assert.equal(taken, 5);
  });

  it("names the draft in each delta, and tells a start as one", () => {
    const { deltas } = toDeltas(name, placed([start(2)]), 1000);
    const [{ sessionId, turnId, step, draftId, part, offset, piece }] = deltas as [Delta];
    assert.deepEqual({ sessionId, turnId, step, draftId }, name);
    assert.deepEqual([part, offset, piece.case], [2, 0n, "start"]);
    assert.equal(piece.case === "start" && piece.value.kind, PartKind.TEXT);
  });

  it("lets a start part its neighbours", () => {
    const pieces = placed([text(0, "a"), start(1), text(1, "b"), start(0), text(0, "c")]);
    assert.deepEqual(toDeltas(name, pieces, 1000).deltas.map(show), [
      "0@0 a",
      "1@0 start",
      "1@0 b",
      "0@1 start",
      "0@1 c",
    ]);
  });

  it("takes pieces up to a budget, and at least one", () => {
    const pieces = placed([text(0, "aaaa"), text(0, "bbbb"), text(0, "cccc")]);
    const takes = [0, 4, 7, 8, 11, 12].map((budget) => toDeltas(name, pieces, budget).taken);
    assert.deepEqual(takes, [1, 1, 1, 2, 2, 3]);
    assert.deepEqual(toDeltas(name, [], 5), { deltas: [], taken: 0, bytes: 0 });
  });

  it("makes no delta of more than 32 KiB out of small pieces", () => {
    const pieces = placed(Array.from({ length: 20_000 }, () => text(0, "1234")));
    const { deltas, taken } = toDeltas(name, pieces, 1e9);
    const lengths = deltas.map(({ piece }) => (piece.case === "text" ? piece.value.length : 0));
    assert.deepEqual(lengths, [deltaBytes, deltaBytes, 80_000 - 2 * deltaBytes]);
    assert.equal(taken, 20_000);
  });

  it("keeps every byte, a byte order mark too", () => {
    const { deltas } = toDeltas(
      name,
      placed([text(0, "\ufeffa"), start(1), text(1, "\ufeff")]),
      99,
    );
    assert.deepEqual(deltas.map(show), ["0@0 \ufeffa", "1@0 start", "1@0 \ufeff"]);
  });
});

type Unplaced = Pick<StoredPiece, "part" | "isStart" | "bytes">;

function text(part: number, value: string): Unplaced {
  return { part, isStart: false, bytes: new TextEncoder().encode(value) };
}

function start(part: number): Unplaced {
  const bytes = toBinary(PartStartSchema, create(PartStartSchema, { kind: PartKind.TEXT }));
  return { part, isStart: true, bytes };
}

function placed(pieces: readonly Unplaced[]): StoredPiece[] {
  const offsets = new Map<number, number>();
  let total = 0;
  return pieces.map((piece, index) => {
    const offset = offsets.get(piece.part) ?? 0;
    const length = piece.isStart ? 0 : piece.bytes.length;
    const stored = { ...piece, index, offset, total, delay: 0 };
    offsets.set(piece.part, offset + length);
    total += length;
    return stored;
  });
}

function show({ part, offset, piece }: Delta): string {
  return `${part}@${offset} ${piece.case === "text" ? piece.value : piece.case}`;
}
