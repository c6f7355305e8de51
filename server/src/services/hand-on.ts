import { createContextKey, type HandlerContext } from "@connectrpc/connect";

/**
 * Writes one ready message, with its envelope, into the response of a stream.
 * Undefined: the transport wants more at once; else resolves when it does.
 */
export type WriteFrame = (frame: Uint8Array) => Promise<void> | undefined;

/**
 * What is left of a stream when its first messages went through connect. Ends
 * the stream when it resolves, or with what it rejects with.
 */
export type Rest = (write: WriteFrame, signal: AbortSignal) => Promise<void>;

/** Takes the rest, and the milliseconds that its client gave it where it named a deadline. */
export type TakeRest = (rest: Rest, timeLeft: number | undefined) => void;

/** Set by the listener for each stream that it answers. */
export const handOnKey = createContextKey<TakeRest>(
  () => {
    throw new Error("a stream was opened outside of a listener");
  },
  { description: "goes on with a stream past connect" },
);

/**
 * Has a stream go on in ready frames: what every reader gets is then made once for
 * all, and an idle stream holds nothing of the call that opened it. To be the last
 * thing that a handler does.
 */
export function handOn(context: HandlerContext, rest: Rest): void {
  context.values.get(handOnKey)(rest, context.timeoutMs());
}

/** Bytes of an envelope before its message: flags and length. */
export const envelopeHead = 5;

/** A message as streams of every protocol carry it: one byte of flags, four of length, its bytes. */
export function envelope(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const framed = emptyEnvelope(length);
  let at = envelopeHead;
  for (const part of parts) {
    framed.set(part, at);
    at += part.length;
  }
  return framed;
}

/**
 * An envelope with room for a message of so many bytes. A Buffer, since the transport
 * would make one of anything else, again for each reader.
 */
export function emptyEnvelope(length: number): Uint8Array {
  const framed = Buffer.alloc(envelopeHead + length);
  framed.writeUInt32BE(length, 1);
  return framed;
}
