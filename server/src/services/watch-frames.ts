import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import type { Delta } from "@daphnia/protocol/event";
import { type WatchResponse, WatchResponseSchema } from "@daphnia/protocol/event_service";
import { formatCursor } from "../core/log/cursor.ts";
import { eventOf } from "../core/log/entry.ts";
import type { Batch } from "../core/log/follower.ts";
import { emptyEnvelope, envelope, envelopeHead } from "./hand-on.ts";

/**
 * Batches as ready frames.
 *
 * N1: whoever is told the same is written the same bytes, made once: for binary
 * readers of those made at commit, for JSON readers by the first of them.
 * N2: so are readers who were left behind in one place: their batches are not one, but equal.
 */
export interface WatchFrames {
  of(batch: Batch, isJson: boolean): Uint8Array;
}

export function createWatchFrames(logId: string): WatchFrames {
  const made = { binary: createMade(binaryFrame), json: createMade(jsonFrame) };
  return {
    of: (batch, isJson) => (isJson ? made.json : made.binary)(batch, logId),
  };
}

type Make = (batch: Batch, logId: string) => Uint8Array;

interface Made {
  readonly batch: Batch;
  readonly frame: Uint8Array;
}

/** Frames kept for readers who come to their place a little later. */
const kept = 4;

/** Makes equal batches' frame once, where they come soon after one another. */
function createMade(make: Make): Make {
  let last: Made | undefined;
  let recent: readonly Made[] = [];
  return (batch, logId) => {
    if (last?.batch === batch) return last.frame; // a thousand readers of one convoy
    last = recent.find((made) => isSame(made.batch, batch));
    if (last === undefined) {
      last = { batch, frame: make(batch, logId) };
      recent = [last, ...recent].slice(0, kept);
    }
    return last.frame;
  };
}

function isSame(one: Batch, other: Batch): boolean {
  return (
    one.position === other.position &&
    one.synced === other.synced &&
    isEach(one.entries, other.entries, ({ position }, entry) => position === entry.position) &&
    isEach(one.deltas, other.deltas, isSameDelta)
  );
}

function isEach<T>(some: readonly T[], others: readonly T[], isEqual: (a: T, b: T) => boolean) {
  if (some.length !== others.length) return false;
  return some.every((value, i) => {
    const other = others[i];
    return other !== undefined && isEqual(value, other);
  });
}

/** A draft says one thing at one place, so as much of it is the same. */
function isSameDelta(one: Delta, other: Delta): boolean {
  const isHere =
    one.draftId === other.draftId &&
    one.part === other.part &&
    one.offset === other.offset &&
    one.piece.case === other.piece.case;
  return isHere && sizeOf(one) === sizeOf(other);
}

function sizeOf({ piece }: Delta): number {
  return piece.case === "text" || piece.case === "data" ? piece.value.length : 0;
}

/** The events as they were encoded at commit, each as a field of the response; then the rest of it. */
function binaryFrame(batch: Batch, logId: string): Uint8Array {
  const rest = toBinary(WatchResponseSchema, toResponse(batch, logId));
  const size = batch.entries.reduce((sum, { wire }) => sum + fieldSize(wire.length), rest.length);
  const frame = emptyEnvelope(size);
  let at = envelopeHead;
  for (const { wire } of batch.entries) {
    at = writeHead(frame, at, wire.length);
    frame.set(wire, at);
    at += wire.length;
  }
  frame.set(rest, at);
  return frame;
}

const encoder = new TextEncoder();

function jsonFrame(batch: Batch, logId: string): Uint8Array {
  const response = toResponse(batch, logId);
  response.events = batch.entries.map(eventOf);
  return envelope([encoder.encode(toJsonString(WatchResponseSchema, response))]);
}

function toResponse({ deltas, synced, position }: Batch, logId: string): WatchResponse {
  const cursor = formatCursor(logId, position);
  return create(WatchResponseSchema, { deltas: [...deltas], synced, cursor });
}

/** Field 2 of a WatchResponse, length-delimited. */
const eventsTag = (2 << 3) | 2;

/** Bytes of a field: its tag, its length as a varint, and what it holds. */
function fieldSize(length: number): number {
  let size = 2 + length;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a field's tag and length; where what it holds begins. */
function writeHead(frame: Uint8Array, from: number, length: number): number {
  let at = from;
  frame[at++] = eventsTag;
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) frame[at++] = (rest % 128) | 128;
  frame[at++] = rest;
  return at;
}
