import { type Entry, sizeOf } from "./entry.ts";

/**
 * The end of the log, held in memory once for all readers. It holds everything
 * behind `floor`, so a reader that is close never asks the store.
 */
export interface Tail {
  push(entries: readonly Entry[]): void;
  /** At most `limit` entries behind a position, or undefined when some are not held. */
  after(position: number, limit: number): readonly Entry[] | undefined;
  /** Forgets a deleted session. */
  drop(sessionId: string): void;
  /** Bytes of memory that it takes, about. */
  bytes(): number;
}

export function createTail(head: number, capacity: number): Tail {
  let entries: Entry[] = [];
  let floor = head;
  let bytes = 0;
  return {
    push(more) {
      for (const entry of more) {
        entries.push(entry);
        bytes += sizeOf(entry);
      }
      if (bytes <= capacity) return;
      // Down to three quarters at once, so that pushing stays cheap.
      let cut = 0;
      while (bytes > capacity * 0.75) {
        const oldest = entries[cut];
        if (oldest === undefined) break;
        bytes -= sizeOf(oldest);
        floor = oldest.position;
        cut++;
      }
      entries = entries.slice(cut);
    },
    after(position, limit) {
      if (position < floor) return undefined;
      const first = firstBehind(entries, position);
      return entries.slice(first, first + limit);
    },
    drop(sessionId) {
      entries = entries.filter((entry) => entry.sessionId !== sessionId);
      bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    },
    bytes: () => bytes,
  };
}

function firstBehind(entries: readonly Entry[], position: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.position ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
