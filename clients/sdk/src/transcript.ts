import { create } from "@bufbuild/protobuf";
import { type Delta, type Event, PartKind } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createOutputTail, type OutputTail } from "./output-tail.ts";

/** One line of a conversation as a client shows it. */
export interface Entry {
  readonly id: string;
  readonly kind: "prompt" | "message" | "result";
  readonly turnId: string;
  readonly step: number;
  readonly parts: readonly Part[];
  /** True for the result of a call that did not succeed. */
  readonly isError: boolean;
  /** True while it is being written; a result then holds the end of what its call prints. */
  readonly isDraft: boolean;
  readonly interrupted: boolean;
  /** True when a later attempt replaced it. */
  readonly superseded: boolean;
}

/** A conversation as far as a watch told it. */
export interface Transcript {
  apply(response: WatchResponse): void;
  entries(): readonly Entry[];
}

interface DraftPart {
  readonly kind: PartKind;
  readonly callId: string;
  readonly tool: string;
  readonly text: string;
  /** Bytes of the text. */
  readonly bytes: number;
}

const settled = { isError: false, isDraft: false, interrupted: false, superseded: false };

/**
 * Folds what a watch of one session tells, from its beginning, into a conversation: the
 * same as `GetTranscript` answers, and what is being written besides.
 */
export function createTranscript(): Transcript {
  const prompts = new Map<string, readonly Part[]>();
  const drafts = new Map<string, Map<number, DraftPart>>();
  /** What calls print, by call. */
  const outputs = new Map<string, OutputTail>();
  const idOfSeq = new Map<bigint, string>();
  /** In the order they began. */
  const entries = new Map<string, Entry>();

  function addEvent({ body, turnId, step, seq }: Event): void {
    const base = { turnId, step, ...settled };
    switch (body.case) {
      case "promptAccepted":
        prompts.set(body.value.promptId, body.value.parts);
        break;
      case "promptDelivered": {
        const { promptId: id } = body.value;
        entries.set(id, { ...base, id, kind: "prompt", parts: prompts.get(id) ?? [] });
        prompts.delete(id);
        break;
      }
      case "promptWithdrawn":
        prompts.delete(body.value.promptId);
        break;
      case "messageCompleted": {
        const { draftId, message, interrupted } = body.value;
        const id = draftId || message?.messageId || "";
        drafts.delete(draftId);
        idOfSeq.set(seq, id);
        const parts = message?.parts ?? [];
        entries.set(id, { ...base, id, kind: "message", parts, interrupted });
        break;
      }
      case "stepRetried": {
        const id = idOfSeq.get(body.value.supersedesSeq);
        const entry = id === undefined ? undefined : entries.get(id);
        if (entry !== undefined) entries.set(entry.id, { ...entry, superseded: true });
        break;
      }
      case "toolCallFinished": {
        const { callId: id, parts, status } = body.value;
        const isError = status !== ToolCallStatus.OK;
        outputs.delete(id);
        entries.delete(id); // it stands where it ended, not where it began to print
        entries.set(id, { ...base, id, kind: "result", parts, isError });
        break;
      }
      case "turnFinished":
        dropDrafts(turnId);
        break;
    }
  }

  /** Only a machine that lost power leaves a draft that nothing settled. */
  function dropDrafts(turnId: string): void {
    for (const id of [...drafts.keys(), ...outputs.keys()]) {
      if (entries.get(id)?.turnId !== turnId) continue;
      drafts.delete(id);
      outputs.delete(id);
      entries.delete(id);
    }
  }

  function addOutput({ draftId: id, turnId, step, offset }: Delta, data: Uint8Array): void {
    const tail = outputs.get(id) ?? createOutputTail();
    outputs.set(id, tail);
    tail.add(Number(offset), data);
    const parts = [tail.part()];
    entries.set(id, { id, kind: "result", turnId, step, parts, ...settled, isDraft: true });
  }

  function addDelta(delta: Delta): void {
    const { draftId: id, turnId, step, piece } = delta;
    if (piece.case === "data") addOutput(delta, piece.value);
    if (piece.case === "data" || isOutputStart(delta)) return;
    const parts = drafts.get(id) ?? new Map<number, DraftPart>();
    drafts.set(id, parts);
    parts.set(delta.part, withPiece(parts.get(delta.part), delta));
    entries.set(id, {
      id,
      kind: "message",
      turnId,
      step,
      parts: [...parts.values()].map(toPart),
      ...settled,
      isDraft: true,
    });
  }

  return {
    apply({ events, deltas }) {
      for (const event of events) addEvent(event);
      for (const delta of deltas) addDelta(delta);
    },
    entries: () => [...entries.values()],
  };
}

/** What a call prints is no part of a message. */
function isOutputStart({ piece }: Delta): boolean {
  return piece.case === "start" && piece.value.kind === PartKind.OUTPUT;
}

const encoder = new TextEncoder();
/** A mark at the start is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A piece replaces what is held from its offset on, so that being told twice is harmless. */
function withPiece(held: DraftPart | undefined, { piece, offset }: Delta): DraftPart {
  const part = held ?? { kind: PartKind.TEXT, callId: "", tool: "", text: "", bytes: 0 };
  if (piece.case === "start") {
    const { kind, callId, tool } = piece.value;
    return { ...part, kind, callId, tool };
  }
  if (piece.case !== "text") return part;
  const start = Math.min(part.bytes, Number(offset));
  const before =
    start === part.bytes ? part.text : decoder.decode(encoder.encode(part.text).subarray(0, start));
  const bytes = start + encoder.encode(piece.value).length;
  return { ...part, text: before + piece.value, bytes };
}

function toPart({ kind, callId, tool, text }: DraftPart): Part {
  switch (kind) {
    case PartKind.THINKING:
      return create(PartSchema, { kind: { case: "thinking", value: text } });
    case PartKind.TOOL_ARGUMENTS:
      return create(PartSchema, {
        kind: { case: "toolCall", value: { callId, tool, arguments: text } },
      });
    case PartKind.OUTPUT: // is kept apart
    case PartKind.TEXT:
    case PartKind.UNSPECIFIED:
      return create(PartSchema, { kind: { case: "text", value: text } });
  }
}
