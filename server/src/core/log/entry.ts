import { fromBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { formatCursor } from "./cursor.ts";
import type { StoredEvent } from "./event-store.ts";

/** A committed event as every reader shares it: its bytes are made once. */
export interface Entry extends StoredEvent {
  readonly cursor: string;
  /** The encoded Event with its cursor, as it goes on the wire. */
  readonly wire: Uint8Array;
  /** The decoded Event with its cursor; decoded at the first call, then shared. */
  event(): Event;
}

const encoder = new TextEncoder();
const cursorTag = (3 << 3) | 2;

export function createEntry(stored: StoredEvent, logId: string): Entry {
  const cursor = formatCursor(logId, stored.position);
  const wire = withCursor(stored.bytes, cursor);
  let decoded: Event | undefined;
  return {
    ...stored,
    bytes: wire.subarray(0, stored.bytes.length), // one copy of them, not two
    cursor,
    wire,
    event() {
      decoded ??= fromBinary(EventSchema, wire);
      return decoded;
    },
  };
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
