import { create, toBinary } from "@bufbuild/protobuf";
import { type PartKind, type PartStart, PartStartSchema } from "@daphnia/protocol/event";
import type { Clock } from "../../base/clock.ts";
import { type Beat, packCadence } from "./cadence.ts";
import { deltaBytes } from "./deltas.ts";
import { createDraftTail, type DraftTail } from "./draft-tail.ts";
import type { Context, DraftName, EventStore, StoredPiece } from "./event-store.ts";

/** What readers see of what is being written. */
export interface Shown extends DraftName, Context {
  readonly tail: DraftTail;
  /**
   * Of a call's output only, its first piece. Of an output nothing but its tail is
   * told: whoever lacks more is told the start and goes on at the tail.
   */
  readonly outputStart?: StoredPiece;
  /** Tries until the store took everything; rejects when it could not, and may be called again. */
  flushed(): Promise<void>;
}

/**
 * A message that is being written.
 *
 * D1: a piece is shown to readers only after the store took it: what was shown
 * survives the process.
 * D2: pieces end on code points.
 */
export interface Draft extends Shown {
  start(part: number, start: { kind: PartKind; callId?: string; tool?: string }): void;
  write(part: number, text: string): void;
  /** Bytes that the store has not taken yet. */
  waiting(): number;
  cadence(): Uint8Array;
}

const encoder = new TextEncoder();

export function createDraft(
  name: DraftName,
  context: Context,
  deps: { store: EventStore; clock: Clock; tailBytes: number; onShown: () => void },
): Draft {
  const tail = createDraftTail(deps.tailBytes);
  const beats: Beat[] = [];
  const offsets = new Map<number, number>();
  const held = new Map<number, string>();
  let pending: StoredPiece[] = [];
  let pendingBytes = 0;
  let total = 0;
  let count = 0;
  let last = deps.clock.monotonic();
  let flushing: Promise<void> | undefined;

  function push(part: number, isStart: boolean, bytes: Uint8Array): void {
    const now = deps.clock.monotonic();
    const delay = Math.max(0, Math.round(now - last));
    last += delay; // rounding must not add up
    const offset = offsets.get(part) ?? 0;
    pending.push({ index: count++, part, offset, total, delay, isStart, bytes });
    beats.push({ part, bytes: isStart ? 0 : bytes.length, delay });
    pendingBytes += bytes.length;
    if (!isStart) {
      offsets.set(part, offset + bytes.length);
      total += bytes.length;
    }
    // Whoever settles the draft awaits it; until then nobody may have looked.
    flushAll().catch(() => {});
  }

  function flushAll(): Promise<void> {
    if (pending.length > 0) flushing ??= flush();
    return flushing ?? Promise.resolve();
  }

  async function flush(): Promise<void> {
    try {
      await Promise.resolve(); // what is written in one go is kept in one go
      while (pending.length > 0) await flushPending();
    } finally {
      flushing = undefined; // in the same breath as the last look at what is pending
    }
  }

  async function flushPending(): Promise<void> {
    const pieces = pending;
    pending = [];
    try {
      await deps.store.appendDraft(name, pieces);
    } catch (error) {
      pending = [...pieces, ...pending]; // nothing of them was kept: they are tried again
      throw error;
    }
    for (const piece of pieces) {
      tail.push(piece);
      pendingBytes -= piece.bytes.length;
    }
    deps.onShown();
  }

  return {
    ...name,
    ...context,
    tail,
    start(part, start) {
      const message: PartStart = create(PartStartSchema, start);
      push(part, true, toBinary(PartStartSchema, message));
    },
    write(part, text) {
      const [whole, rest] = splitCodePoints((held.get(part) ?? "") + text);
      held.set(part, rest);
      for (const bytes of piecesOf(encoder.encode(whole))) push(part, false, bytes);
    },
    waiting: () => pendingBytes,
    flushed: flushAll,
    cadence: () => packCadence(beats),
  };
}

/** Pieces that each fit into a delta, cut between code points. */
function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(bytes.length, from + deltaBytes);
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to--;
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** The text without a first half of a surrogate pair at its end, and that half. */
function splitCodePoints(text: string): [string, string] {
  const last = text.charCodeAt(text.length - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return isHalf ? [text.slice(0, -1), text.slice(-1)] : [text, ""];
}
