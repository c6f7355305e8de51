import type { Delta } from "@daphnia/protocol/event";
import { toDeltas } from "./deltas.ts";
import type { Shown } from "./draft.ts";
import { endOf } from "./draft-tail.ts";
import type { StoredPiece } from "./event-store.ts";
import type { Log } from "./log.ts";
import { type Selection, selectsDraft } from "./selection.ts";

/** What one reader was told of one draft. */
export interface DraftPlace {
  /** The next piece to tell. */
  readonly index: number;
  /** Bytes that the reader brought along and need not hear again. */
  readonly held: number;
  /** Where the store goes on, while the reader is behind the tail. */
  readonly next: number;
}

/** What one reader was told of each draft. */
export type DraftPlaces = ReadonlyMap<string, DraftPlace>;

/** One reader's places in the drafts that are open. */
export interface DraftReader {
  /** False when the reader has everything that was shown. */
  hasMore(): boolean;
  /**
   * What the reader lacks, up to a budget of bytes; nothing only when it has
   * everything that was shown. It counts once `told()` is called.
   */
  read(budget: number): Promise<FoundDeltas>;
  places(): DraftPlaces;
}

export interface FoundDeltas {
  readonly deltas: readonly Delta[];
  told(): void;
}

export function createDraftReader(
  log: Log,
  selection: Selection,
  held: ReadonlyMap<string, number>,
  from: DraftPlaces = new Map(),
): DraftReader {
  let places = from;
  const placeOf = (draftId: string): DraftPlace =>
    places.get(draftId) ?? { index: 0, held: held.get(draftId) ?? 0, next: 0 };

  async function readPage(draft: Shown, place: DraftPlace) {
    if (draft.outputStart !== undefined) {
      const floor = Math.max(place.index, draft.tail.floor());
      const isLate = place.index === 0 && floor > 0;
      const pieces = draft.tail.from(floor);
      return { pieces: isLate ? [draft.outputStart, ...pieces] : pieces, next: place.next };
    }
    if (place.index >= draft.tail.floor()) {
      return { pieces: draft.tail.from(place.index), next: place.next };
    }
    return log.store.readDraft(draft.draftId, place.index, place.next);
  }

  async function readOne(draft: Shown, from: DraftPlace, budget: number) {
    let place = from;
    for (;;) {
      const page = await readPage(draft, place);
      const fresh = page.pieces.filter((piece) => isFresh(piece, place));
      const isOutput = draft.outputStart !== undefined;
      const { deltas, taken, bytes } = toDeltas(draft, fresh, budget, isOutput);
      const isWhole = taken === fresh.length;
      const next = {
        // Not a sum: the pieces of an output may begin later than asked.
        index: fresh[taken]?.index ?? endIndex(page.pieces, place.index),
        held: place.held,
        next: isWhole ? page.next : place.next,
      };
      // A page may hold nothing new and yet not be the last: the bytes are elsewhere.
      const isStuck = next.index === place.index && next.next === place.next;
      if (deltas.length > 0 || isStuck) return { deltas, bytes, place: next };
      place = next;
    }
  }

  /** One piece may be more than is left: then it waits, unless it is the first. */
  async function readIfFits(draft: Shown, left: number, isFirst: boolean) {
    const place = placeOf(draft.draftId);
    const found = left > 0 ? await readOne(draft, place, left) : undefined;
    const fits = found !== undefined && (isFirst || found.bytes <= left);
    return fits ? found : { deltas: [], bytes: left, place };
  }

  return {
    places: () => places,
    hasMore() {
      for (const draft of log.drafts()) {
        const isBehind = placeOf(draft.draftId).index < draft.tail.end();
        if (isBehind && selectsDraft(selection, draft)) return true;
      }
      return false;
    },
    async read(budget) {
      const deltas: Delta[] = [];
      const reached = new Map<string, DraftPlace>();
      let left = budget;
      for (const draft of log.drafts()) {
        if (!selectsDraft(selection, draft)) continue;
        const found = await readIfFits(draft, left, deltas.length === 0);
        deltas.push(...found.deltas);
        left -= found.bytes;
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

function endIndex(pieces: readonly StoredPiece[], otherwise: number): number {
  const last = pieces.at(-1);
  return last === undefined ? otherwise : last.index + 1;
}

/** The bytes held always end at a piece's end or inside one, never before a start told. */
function isFresh(piece: StoredPiece, place: DraftPlace): boolean {
  return piece.isStart ? piece.total >= place.held : endOf(piece) > place.held;
}
