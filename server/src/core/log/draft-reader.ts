import type { Delta } from "@daphnia/protocol/event";
import { toDeltas } from "./deltas.ts";
import type { Draft } from "./draft.ts";
import { endOf } from "./draft-tail.ts";
import type { StoredPiece } from "./event-store.ts";
import type { Log } from "./log.ts";
import { type Selection, selectsDraft } from "./selection.ts";

/** What one reader was told of one draft. */
interface Place {
  /** The next piece to tell. */
  readonly index: number;
  /** Bytes that the reader brought along and need not hear again. */
  readonly held: number;
  /** Where the store goes on, while the reader is behind the tail. */
  readonly next: number;
}

/** One reader's places in the drafts that are open. */
export interface DraftReader {
  /**
   * What the reader lacks, up to a budget of bytes; nothing only when it has
   * everything that was shown. It counts once `told()` is called.
   */
  read(budget: number): Promise<{ readonly deltas: readonly Delta[]; told(): void }>;
}

export function createDraftReader(
  log: Log,
  selection: Selection,
  held: ReadonlyMap<string, number>,
): DraftReader {
  let places = new Map<string, Place>();
  const placeOf = (draftId: string): Place =>
    places.get(draftId) ?? { index: 0, held: held.get(draftId) ?? 0, next: 0 };

  async function readPage(draft: Draft, place: Place) {
    if (place.index >= draft.tail.floor()) {
      return { pieces: draft.tail.from(place.index), next: place.next };
    }
    return log.store.readDraft(draft.draftId, place.index, place.next);
  }

  async function readOne(draft: Draft, from: Place, budget: number) {
    let place = from;
    for (;;) {
      const page = await readPage(draft, place);
      const fresh = page.pieces.filter((piece) => isFresh(piece, place));
      const skipped = page.pieces.length - fresh.length;
      const { deltas, taken } = toDeltas(draft, fresh, budget);
      const isWhole = taken === fresh.length;
      const next = {
        index: place.index + skipped + taken,
        held: place.held,
        next: isWhole ? page.next : place.next,
      };
      // A page may hold nothing new and yet not be the last: the bytes are elsewhere.
      const isStuck = next.index === place.index && next.next === place.next;
      if (deltas.length > 0 || isStuck) return { deltas, place: next };
      place = next;
    }
  }

  return {
    async read(budget) {
      const deltas: Delta[] = [];
      const reached = new Map<string, Place>();
      for (const draft of log.drafts()) {
        if (!selectsDraft(selection, draft)) continue;
        const place = placeOf(draft.draftId);
        const left = budget - bytesOf(deltas);
        const isDone = deltas.length > 0 && left <= 0;
        const found = isDone ? { deltas: [], place } : await readOne(draft, place, left);
        deltas.push(...found.deltas);
        reached.set(draft.draftId, found.place);
      }
      return {
        deltas,
        told() {
          places = reached; // drafts that are no longer open are forgotten
        },
      };
    },
  };
}

/** The bytes held always end at a piece's end or inside one, never before a start told. */
function isFresh(piece: StoredPiece, place: Place): boolean {
  return piece.isStart ? piece.total >= place.held : endOf(piece) > place.held;
}

function bytesOf(deltas: readonly Delta[]): number {
  return deltas.reduce(
    (sum, { piece }) => sum + (piece.case === "text" ? piece.value.length : 0),
    0,
  );
}
