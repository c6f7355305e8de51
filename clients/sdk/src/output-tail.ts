import { create } from "@bufbuild/protobuf";
import { type Part, PartSchema } from "@daphnia/protocol/message";

/** The end of what a call has printed so far. */
export interface OutputTail {
  /** Adds bytes. Those that come twice replace what is held; a hole is left where some never came. */
  add(offset: number, data: Uint8Array): void;
  /** As a text, and how many bytes before it are not held. */
  part(): Part;
}

/** Bytes that are kept. */
const longest = 64 * 1024;

/** A mark at the start is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function createOutputTail(): OutputTail {
  let held = new Uint8Array();
  /** Where what is held begins. */
  let start = 0;
  return {
    add(offset, data) {
      const isJoined = offset >= start && offset <= start + held.length;
      const before = isJoined ? held.subarray(0, offset - start) : new Uint8Array();
      const whole = new Uint8Array(before.length + data.length);
      whole.set(before);
      whole.set(data, before.length);
      held = whole.slice(Math.max(0, whole.length - longest));
      start = offset + data.length - held.length;
    },
    part() {
      // What is held may begin within a character.
      const first = start === 0 ? 0 : held.findIndex((byte) => (byte & 0xc0) !== 0x80);
      const from = Math.max(0, first);
      const value = decoder.decode(held.subarray(from));
      const elided = BigInt(start + from);
      return create(PartSchema, { kind: { case: "text", value }, elided });
    },
  };
}
