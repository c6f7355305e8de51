import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type WatchResponse, WatchResponseSchema } from "@daphnia/protocol/event_service";
import { formatCursor } from "../core/log/cursor.ts";
import { eventOf } from "../core/log/entry.ts";
import type { Batch } from "../core/log/follower.ts";
import { emptyEnvelope, envelope, envelopeHead } from "./hand-on.ts";

/**
 * Batches as ready frames.
 *
 * N1: whoever is told the same batch is written the same bytes, made once: for binary
 * readers of those made at commit, for JSON readers by the first of them.
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

/** Makes each batch's frame once. */
function createMade(make: Make): Make {
  const frames = new WeakMap<Batch, Uint8Array>();
  return (batch, logId) => {
    const known = frames.get(batch);
    if (known !== undefined) return known;
    const frame = make(batch, logId);
    frames.set(batch, frame);
    return frame;
  };
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
