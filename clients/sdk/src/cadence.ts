import { create } from "@bufbuild/protobuf";
import { type Delta, DeltaSchema, type Event, PartKind } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";

/** One delta of a message that was written: how much of which part, and when. */
export interface Beat {
  readonly part: number;
  /** Of UTF-8; 0 where the part begins. */
  readonly bytes: number;
  /** Milliseconds since the beat before. */
  readonly delay: number;
}

/** A delta as it was told once. */
export interface TimedDelta {
  /** Milliseconds since the draft was begun. */
  readonly after: number;
  readonly delta: Delta;
}

/** Reads the bytes of a blob. */
export type ReadBlob = (digest: string) => Promise<Uint8Array>;

/** Unpacks a `cadence`: varints of part, bytes and milliseconds. */
export function unpackCadence(packed: Uint8Array): Beat[] {
  const values: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of packed) {
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte > 127) continue;
    values.push(value);
    value = 0;
    factor = 1;
  }
  const beats: Beat[] = [];
  for (let i = 0; i + 2 < values.length; i += 3) {
    const [part = 0, bytes = 0, delay = 0] = values.slice(i, i + 3);
    beats.push({ part, bytes, delay });
  }
  return beats;
}

/** The deltas that a settled message was told with; none of an event that settles none. */
export async function recordedDeltas(event: Event, readBlob: ReadBlob): Promise<TimedDelta[]> {
  if (event.body.case !== "messageCompleted") return [];
  const { cadence, cadenceBlob, draftId, message } = event.body.value;
  const beats = unpackCadence(cadenceBlob ? await readBlob(cadenceBlob.digest) : cadence);
  const parts = message?.parts ?? [];
  const wholes = await Promise.all(parts.map((part) => bytesOf(part, readBlob)));
  const { sessionId, turnId, step } = event;
  const told = new Map<number, number>();
  let after = 0;
  return beats.map(({ part, bytes, delay }) => {
    after += delay;
    const from = told.get(part) ?? 0;
    told.set(part, from + bytes);
    const value = decoder.decode(wholes[part]?.subarray(from, from + bytes));
    const piece =
      bytes === 0
        ? ({ case: "start", value: startOf(parts[part]) } as const)
        : ({ case: "text", value } as const);
    const place = { sessionId, turnId, step, draftId, part, offset: BigInt(from) };
    return { after, delta: create(DeltaSchema, { ...place, piece }) };
  });
}

const encoder = new TextEncoder();
// A mark at the start is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

async function bytesOf({ kind, full }: Part, readBlob: ReadBlob): Promise<Uint8Array> {
  if (full !== undefined) return readBlob(full.digest);
  if (kind.case === "toolCall") return encoder.encode(kind.value.arguments);
  return encoder.encode(kind.case === "text" || kind.case === "thinking" ? kind.value : "");
}

function startOf(part: Part | undefined) {
  if (part?.kind.case === "toolCall") {
    const { callId, tool } = part.kind.value;
    return { kind: PartKind.TOOL_ARGUMENTS, callId, tool };
  }
  return { kind: part?.kind.case === "thinking" ? PartKind.THINKING : PartKind.TEXT };
}
