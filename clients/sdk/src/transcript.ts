import { create } from "@bufbuild/protobuf";
import { type Delta, type Event, PartKind } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { type Part, PartSchema } from "@daphnia/protocol/message";

/** One line of a conversation as a client shows it. */
export interface Entry {
  readonly id: string;
  readonly kind: "prompt" | "message" | "result";
  readonly turnId: string;
  readonly step: number;
  readonly parts: readonly Part[];
  /** True while it is being written. */
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
}

const settled = { isDraft: false, interrupted: false, superseded: false };

/** Folds what a watch of one session tells, from its beginning, into a conversation. */
export function createTranscript(): Transcript {
  const prompts = new Map<string, readonly Part[]>();
  const drafts = new Map<string, Map<number, DraftPart>>();
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
        const { callId: id, parts } = body.value;
        entries.set(id, { ...base, id, kind: "result", parts });
        break;
      }
    }
  }

  function addDelta(delta: Delta): void {
    const { draftId: id, turnId, step } = delta;
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

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A piece replaces what is held from its offset on, so that being told twice is harmless. */
function withPiece(held: DraftPart | undefined, { piece, offset }: Delta): DraftPart {
  const part = held ?? { kind: PartKind.TEXT, callId: "", tool: "", text: "" };
  if (piece.case === "start") {
    const { kind, callId, tool } = piece.value;
    return { ...part, kind, callId, tool };
  }
  if (piece.case !== "text") return part;
  const bytes = encoder.encode(part.text);
  const before =
    Number(offset) >= bytes.length ? part.text : decoder.decode(bytes.subarray(0, Number(offset)));
  return { ...part, text: before + piece.value };
}

function toPart({ kind, callId, tool, text }: DraftPart): Part {
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
