import type { Part } from "@daphnia/protocol/message";

/** What of a part can be long. */
export interface PartBytes {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

const encoder = new TextEncoder();
// A mark at the start is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const ofText = "text/plain; charset=utf-8";

/** The bytes of a part, where there are more than `over`. */
export function bytesOf({ kind }: Part, over: number): PartBytes | undefined {
  switch (kind.case) {
    case "text":
    case "thinking":
      return encoded(kind.value, over);
    case "toolCall":
      return encoded(kind.value.arguments, over);
    case "opaque": {
      const bytes = kind.value.data;
      return bytes.length > over ? { bytes, mediaType: "application/octet-stream" } : undefined;
    }
    case "toolResult":
    case "blob":
    case "source":
    case undefined:
      return undefined;
  }
}

/** The part with other bytes in place of its own. */
export function withBytes(part: Part, bytes: Uint8Array): Part {
  const { kind } = part;
  switch (kind.case) {
    case "text":
    case "thinking":
      return { ...part, kind: { case: kind.case, value: decoder.decode(bytes) } };
    case "toolCall": {
      const value = { ...kind.value, arguments: decoder.decode(bytes) };
      return { ...part, kind: { case: kind.case, value } };
    }
    case "opaque":
      return { ...part, kind: { case: kind.case, value: { ...kind.value, data: bytes } } };
    case "toolResult":
    case "blob":
    case "source":
    case undefined:
      return part;
  }
}

/** The first and the last bytes, `end` of each; of a text no character is cut in two. */
export function cutEnds(part: PartBytes, end: number): Uint8Array {
  const { head, tail } = endsOf(part, end);
  const left = new Uint8Array(head.length + tail.length);
  left.set(head);
  left.set(tail, head.length);
  return left;
}

/** The same, each end for itself. */
export function endsOf({ bytes, mediaType }: PartBytes, end: number) {
  const isText = mediaType === ofText;
  const head = isText ? codePointBefore(bytes, end) : end;
  const tail = isText ? codePointAfter(bytes, bytes.length - end) : bytes.length - end;
  return { head: bytes.subarray(0, head), tail: bytes.subarray(tail) };
}

function encoded(text: string, over: number): PartBytes | undefined {
  if (text.length * 3 <= over) return undefined;
  const bytes = encoder.encode(text);
  return bytes.length > over ? { bytes, mediaType: ofText } : undefined;
}

function codePointBefore(bytes: Uint8Array, at: number): number {
  let cut = at;
  while (cut > 0 && isInside(bytes[cut])) cut--;
  return cut;
}

function codePointAfter(bytes: Uint8Array, at: number): number {
  let cut = at;
  while (cut < bytes.length && isInside(bytes[cut])) cut++;
  return cut;
}

/** A continuation byte of UTF-8. */
function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
