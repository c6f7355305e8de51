import type { Delta } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";

/** What one reader holds of the drafts that are open. */
export interface DraftPlaces {
  /** The response without bytes that the reader holds already. */
  fresh(response: WatchResponse): WatchResponse;
  /** Bytes held of each open draft, all parts together. */
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
    if (delta.piece.case !== "text") return delta;
    const bytes = encoder.encode(delta.piece.value);
    const offset = Number(delta.offset);
    const known = Math.max(0, (held ?? 0) - offset);
    if (known >= bytes.length) return undefined;
    parts.set(delta.part, offset + bytes.length);
    if (known === 0) return delta;
    const value = decoder.decode(bytes.subarray(known));
    return { ...delta, offset: BigInt(offset + known), piece: { case: "text", value } };
  }

  return {
    fresh(response) {
      for (const { body } of response.events) {
        if (body.case === "messageCompleted") drafts.delete(body.value.draftId);
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
