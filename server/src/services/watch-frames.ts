import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type WatchResponse, WatchResponseSchema } from "@daphnia/protocol/event_service";
import { formatCursor } from "../core/log/cursor.ts";
import { type Entry, eventOf } from "../core/log/entry.ts";
import type { Batch } from "../core/log/follower.ts";
import { envelope } from "./hand-on.ts";

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

function binaryFrame(batch: Batch, logId: string): Uint8Array {
  return envelope([
    ...eventFields(batch.entries),
    toBinary(WatchResponseSchema, toResponse(batch, logId)),
  ]);
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

/** The events as they were encoded at commit, each as a field of the response. */
function eventFields(entries: readonly Entry[]): Uint8Array[] {
  return entries.flatMap(({ wire }) => [fieldHead(wire.length), wire]);
}

function fieldHead(size: number): Uint8Array {
  const head = [eventsTag];
  let length = size;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  return Uint8Array.from(head);
}
