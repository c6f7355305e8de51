import { create, fromBinary } from "@bufbuild/protobuf";
import { type Delta, DeltaSchema, PartStartSchema } from "@daphnia/protocol/event";
import type { DraftName, StoredPiece } from "./event-store.ts";

/** The most bytes of text or output in one delta. */
export const deltaBytes = 32 * 1024;

/** A mark at the start of a piece is text like any other. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Pieces as deltas, neighbours of one part put together: a slow reader gets fewer
 * and larger ones. Takes pieces up to `budget` bytes, at least one.
 */
export function toDeltas(
  name: DraftName,
  pieces: readonly StoredPiece[],
  budget: number,
  isOutput = false,
): { readonly deltas: Delta[]; readonly taken: number; readonly bytes: number } {
  const deltas: Delta[] = [];
  let run: StoredPiece[] = [];
  let runBytes = 0;
  let taken = 0;
  let bytes = 0;
  const flush = () => {
    const first = run[0];
    if (first !== undefined) deltas.push(moreDelta(name, first, run, runBytes, isOutput));
    run = [];
    runBytes = 0;
  };
  for (const piece of pieces) {
    if (bytes > 0 && bytes + piece.bytes.length > budget) break;
    const before = run.at(-1);
    if (piece.isStart || before?.part !== piece.part || runBytes + piece.bytes.length > deltaBytes)
      flush();
    if (piece.isStart) deltas.push(startDelta(name, piece));
    else {
      run.push(piece);
      runBytes += piece.bytes.length;
    }
    bytes += piece.bytes.length;
    taken++;
  }
  flush();
  return { deltas, taken, bytes };
}

function startDelta(name: DraftName, piece: StoredPiece): Delta {
  return create(DeltaSchema, {
    ...name,
    part: piece.part,
    offset: BigInt(piece.offset),
    piece: { case: "start", value: fromBinary(PartStartSchema, piece.bytes) },
  });
}

function moreDelta(
  name: DraftName,
  first: StoredPiece,
  run: readonly StoredPiece[],
  length: number,
  isOutput: boolean,
): Delta {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of run) {
    bytes.set(piece.bytes, at);
    at += piece.bytes.length;
  }
  return create(DeltaSchema, {
    ...name,
    part: first.part,
    offset: BigInt(first.offset),
    piece: isOutput
      ? { case: "data", value: bytes }
      : { case: "text", value: decoder.decode(bytes) },
  });
}
