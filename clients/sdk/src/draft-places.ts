import type { Delta } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";

/** What one reader holds of the drafts that are open. */
export interface DraftPlaces {
  /** The response without bytes that the reader holds already. */
  fresh(response: WatchResponse): WatchResponse;
  /** Bytes held of each open draft, all parts together; what an output left out counts. */
  held(): Record<string, bigint>;
}

const encoder = new TextEncoder();
/** A mark at the start of what is left is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function createDraftPlaces(): DraftPlaces {
  /** Bytes held by draft and part; undefined for a part that has not begun. */
  const drafts = new Map<string, Map<number, number>>();

  function fresh(delta: Delta): Delta | undefined {
    const parts = drafts.get(delta.draftId) ?? new Map<number, number>();
    drafts.set(delta.draftId, parts);
    const held = parts.get(delta.part);
    if (delta.piece.case === "start") {
      if (held !== undefined) return undefined;
      parts.set(delta.part, 0);
      return delta;
    }
    const bytes = bytesOf(delta);
    if (bytes === undefined) return delta;
    const offset = Number(delta.offset);
    const known = Math.max(0, (held ?? 0) - offset);
    if (known >= bytes.length) return undefined;
    parts.set(delta.part, offset + bytes.length);
    if (known === 0) return delta;
    const rest = bytes.subarray(known);
    const piece =
      delta.piece.case === "data"
        ? ({ case: "data", value: rest } as const)
        : ({ case: "text", value: decoder.decode(rest) } as const);
    return { ...delta, offset: BigInt(offset + known), piece };
  }

  return {
    fresh(response) {
      for (const { body } of response.events) {
        if (body.case === "messageCompleted") drafts.delete(body.value.draftId);
        if (body.case === "toolCallFinished") drafts.delete(body.value.callId);
      }
      if (response.deltas.length === 0) return response;
      return { ...response, deltas: response.deltas.flatMap((delta) => fresh(delta) ?? []) };
    },
    held() {
      const entries = [...drafts].map(([draftId, parts]): [string, bigint] => [
        draftId,
        BigInt([...parts.values()].reduce((sum, bytes) => sum + bytes, 0)),
      ]);
      return Object.fromEntries(entries);
    },
  };
}

function bytesOf({ piece }: Delta): Uint8Array | undefined {
  if (piece.case === "data") return piece.value;
  return piece.case === "text" ? encoder.encode(piece.value) : undefined;
}
