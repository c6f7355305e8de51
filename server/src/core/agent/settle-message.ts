import { create, fromBinary } from "@bufbuild/protobuf";
import {
  MessageCompletedSchema,
  PartKind,
  type PartStart,
  PartStartSchema,
} from "@daphnia/protocol/event";
import {
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
} from "@daphnia/protocol/message";
import type { MintId } from "../../base/ids.ts";
import type { BlobStore } from "../log/blob-store.ts";
import { packCadence } from "../log/cadence.ts";
import type { DraftName, StoredPiece } from "../log/event-store.ts";
import { ModelError } from "../model/model-error.ts";
import { type Elided, fit } from "./elide.ts";
import { body, type Facts, facts } from "./facts.ts";

/** A cadence over this many bytes is a blob. */
const longestCadence = 64 * 1024;

/** What ends a draft. */
export interface Settlement {
  readonly turnId: string;
  readonly step: number;
  readonly message: Message;
  /** Empty when nothing streamed. */
  readonly draftId: string;
  readonly cadence: Uint8Array;
  readonly interrupted: boolean;
}

/**
 * The fact that a message is whole, or was cut off. Throws a ModelError for a whole
 * one of more parts than an event can hold; of one that was cut off the first stay.
 */
export async function settleMessage(
  { turnId, step, message, draftId, cadence, interrupted }: Settlement,
  blobs: BlobStore,
): Promise<Facts> {
  const short = interrupted
    ? await firstThatFit(message.parts, blobs)
    : await allThatFit(message.parts, blobs);
  const isLong = cadence.length > longestCadence;
  const blob = isLong ? await blobs.prepare(cadence) : undefined;
  const completed = body("messageCompleted", MessageCompletedSchema, {
    message: { ...message, parts: short.parts },
    draftId,
    interrupted,
    ...(blob ? { cadenceBlob: { digest: blob.digest, size: BigInt(blob.size) } } : { cadence }),
  });
  return facts([{ turnId, step, body: completed }], {
    settles: draftId === "" ? [] : [draftId],
    blobs: blob ? [...short.blobs, blob] : short.blobs,
  });
}

async function allThatFit(parts: readonly Part[], blobs: BlobStore): Promise<Elided> {
  const fitting = await fit(parts, blobs);
  if (fitting !== undefined) return fitting;
  throw new ModelError("malformed", `the answer has ${parts.length} parts, too many for one event`);
}

/** What is cut off is not sent to a model again as it was: some of it may be missing. */
async function firstThatFit(parts: readonly Part[], blobs: BlobStore): Promise<Elided> {
  for (let count = parts.length; count > 0; count = Math.floor(count / 2)) {
    const fitting = await fit(parts.slice(0, count), blobs);
    if (fitting !== undefined) return fitting;
  }
  return { parts: [], blobs: [] };
}

/** A draft that nothing settled, with what was kept of it. */
export interface BrokenDraft extends DraftName {
  readonly pieces: readonly StoredPiece[];
}

/** The interrupted message that a broken draft becomes. */
export function brokenMessage(draft: BrokenDraft, mint: MintId): Settlement {
  const starts = new Map<number, PartStart>();
  const texts = new Map<number, Uint8Array[]>();
  for (const { part, isStart, bytes } of draft.pieces) {
    if (isStart) starts.set(part, fromBinary(PartStartSchema, bytes));
    else {
      const held = texts.get(part);
      if (held === undefined) texts.set(part, [bytes]);
      else held.push(bytes);
    }
  }
  // A part that did not stream is lost, and its place stays: drafts count parts by place.
  const count = [...starts.keys()].reduce((most, part) => Math.max(most, part + 1), 0);
  const parts = Array.from({ length: count }, (_, part) =>
    toPart(starts.get(part), textOf(texts.get(part) ?? [])),
  );
  const beats = draft.pieces.map(({ part, isStart, bytes, delay }) => ({
    part,
    bytes: isStart ? 0 : bytes.length,
    delay,
  }));
  return {
    turnId: draft.turnId,
    step: draft.step,
    message: create(MessageSchema, { messageId: mint("message"), role: Role.ASSISTANT, parts }),
    draftId: draft.draftId,
    cadence: packCadence(beats),
    interrupted: true,
  };
}

function toPart(start: PartStart | undefined, text: string): Part {
  const { kind = PartKind.TEXT, callId = "", tool = "" } = start ?? {};
  switch (kind) {
    case PartKind.THINKING:
      return create(PartSchema, { kind: { case: "thinking", value: text } });
    case PartKind.TOOL_ARGUMENTS:
      return create(PartSchema, {
        kind: { case: "toolCall", value: { callId, tool, arguments: text } },
      });
    case PartKind.OUTPUT: // never of a message: what a call prints has its own end
    case PartKind.TEXT:
    case PartKind.UNSPECIFIED:
      return create(PartSchema, { kind: { case: "text", value: text } });
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(pieces: readonly Uint8Array[]): string {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return decoder.decode(bytes);
}
