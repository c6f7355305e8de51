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
import { elide } from "./elide.ts";
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

/** The fact that a message is whole, or was cut off. */
export async function settleMessage(
  { turnId, step, message, draftId, cadence, interrupted }: Settlement,
  blobs: BlobStore,
): Promise<Facts> {
  const short = await elide(message.parts, blobs);
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
    else texts.set(part, [...(texts.get(part) ?? []), bytes]);
  }
  const parts = [...starts].map(([part, start]) => toPart(start, textOf(texts.get(part) ?? [])));
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

function toPart({ kind, callId, tool }: PartStart, text: string): Part {
  switch (kind) {
    case PartKind.THINKING:
      return create(PartSchema, { kind: { case: "thinking", value: text } });
    case PartKind.TOOL_ARGUMENTS:
      return create(PartSchema, {
        kind: { case: "toolCall", value: { callId, tool, arguments: text } },
      });
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
