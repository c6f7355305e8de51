import { fromBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { formatCursor } from "./cursor.ts";
import type { StoredEvent } from "./event-store.ts";

/** A committed event as every reader shares it: its bytes are made once. */
export interface Entry extends Omit<StoredEvent, "bytes"> {
  /** The encoded Event with its cursor, as it goes on the wire. */
  readonly wire: Uint8Array;
}

const encoder = new TextEncoder();
const cursorTag = (3 << 3) | 2;

export function createEntry({ bytes, ...stored }: StoredEvent, logId: string): Entry {
  return { ...stored, wire: withCursor(bytes, formatCursor(logId, stored.position)) };
}

/** The Event with its cursor. Decoded at each call: kept, it would take many times its bytes. */
export function eventOf({ wire }: Entry): Event {
  return fromBinary(EventSchema, wire);
}

/** What an entry's objects take besides its bytes, about. */
const aroundBytes = 400;

/** Bytes of memory that an entry takes, about. */
export function sizeOf({ wire }: Entry): number {
  return wire.length + aroundBytes;
}

/** Appends field 3 to an encoded Event: order of fields is free in protobuf. */
function withCursor(bytes: Uint8Array, cursor: string): Uint8Array {
  const text = encoder.encode(cursor);
  const wire = new Uint8Array(bytes.length + 2 + text.length);
  wire.set(bytes);
  wire[bytes.length] = cursorTag;
  wire[bytes.length + 1] = text.length; // a cursor is shorter than 128 bytes
  wire.set(text, bytes.length + 2);
  return wire;
}
