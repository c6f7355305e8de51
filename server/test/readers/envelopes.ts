import { BinaryReader, type WireType } from "@bufbuild/protobuf/wire";

/** Field `events` of a WatchResponse. */
const eventsField = 2;

/** The messages in the body of a Connect stream, without the one that ends it. */
export function messagesOf(body: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < body.length; ) {
    const flags = view.getUint8(at);
    const end = at + 5 + view.getUint32(at + 1);
    if (end > body.length) throw new Error("the stream ends in the middle of a message");
    if (flags === 0) messages.push(body.subarray(at + 5, end));
    else if (flags !== 2) throw new Error(`a message has the flags ${flags}`);
    at = end;
  }
  return messages;
}

/** The events of a WatchResponse as they stand in its bytes. */
export function rawEventsOf(response: Uint8Array): Uint8Array[] {
  const events: Uint8Array[] = [];
  const reader = new BinaryReader(response);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === eventsField) events.push(Uint8Array.from(reader.bytes()));
    else reader.skip(type satisfies WireType, field);
  }
  return events;
}

/** The body of a response of HTTP/1.1 that came in chunks. */
export function bodyOf(response: Uint8Array): Uint8Array {
  const all = Buffer.from(response.buffer, response.byteOffset, response.byteLength);
  const pieces: Buffer[] = [];
  let at = all.indexOf("\r\n\r\n") + 4;
  for (;;) {
    const lineEnd = all.indexOf("\r\n", at);
    const length = Number.parseInt(all.toString("latin1", at, lineEnd), 16);
    if (!(lineEnd > 0) || Number.isNaN(length)) throw new Error("the response is cut off");
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(all.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}
