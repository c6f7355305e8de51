import type { StoredPiece } from "./event-store.ts";

/**
 * The last bytes of an open draft, held once for all readers. Earlier ones are
 * read from the store.
 */
export interface DraftTail {
  push(piece: StoredPiece): void;
  /** Bytes of the whole draft. */
  size(): number;
  /** Index of the first piece held. */
  floor(): number;
  /** Index behind the last piece. */
  end(): number;
  /** Pieces from an index on; it must not lie before the floor. */
  from(index: number): readonly StoredPiece[];
}

export function createDraftTail(capacity: number): DraftTail {
  let pieces: StoredPiece[] = [];
  let size = 0;
  const floor = () => pieces[0]?.index ?? 0;
  return {
    push(piece) {
      pieces.push(piece);
      size = endOf(piece);
      if (size - (pieces[0]?.total ?? 0) <= capacity) return;
      const cut = pieces.findIndex((held) => size - held.total <= capacity * 0.75);
      pieces = pieces.slice(cut < 0 ? pieces.length - 1 : cut);
    },
    size: () => size,
    floor,
    end: () => (pieces.at(-1)?.index ?? -1) + 1,
    from: (index) => pieces.slice(Math.max(0, index - floor())),
  };
}

/** Bytes of the draft up to the end of a piece. A start has none of its own. */
export function endOf(piece: StoredPiece): number {
  return piece.total + (piece.isStart ? 0 : piece.bytes.length);
}
