import type { Note } from "./trace.ts";

/**
 * One file as a disk would have it after a power cut: what was written before the
 * start of a sync that ended is there for sure; of the rest any part may be.
 */
export interface Disk {
  /** The next note about this file; notes come in order. */
  take(note: Note): void;
  /** The file, if the power went now: each sector not synced survives by chance. */
  survivor(chance: number, random: () => number): Buffer;
}

const sector = 512;

export function createDisk(): Disk {
  const sure = createImage();
  /** What no ended sync covers, in order. */
  let unsure: Note[] = [];
  /** How much of `unsure` each running sync covers. */
  const syncs = new Map<number, number>();

  function settle(count: number): void {
    for (const note of unsure.slice(0, count)) sure.apply(note);
    unsure = unsure.slice(count);
    for (const [sync, covered] of syncs) syncs.set(sync, Math.max(0, covered - count));
  }

  return {
    take(note) {
      if (note.kind === "begin") syncs.set(note.place, unsure.length);
      else if (note.kind === "end") {
        const covered = syncs.get(note.place) ?? 0;
        syncs.delete(note.place);
        settle(covered);
      } else unsure.push(note);
    },
    survivor(chance, random) {
      const image = createImage(sure.bytes());
      for (const piece of unsure.flatMap(torn)) {
        if (random() < chance) image.apply(piece);
      }
      return image.bytes();
    },
  };
}

/** A write in sectors, each of which survives alone. */
function torn(note: Note): Note[] {
  const pieces = Math.max(1, Math.ceil(note.bytes.length / sector));
  return Array.from({ length: pieces }, (_, i) => ({
    ...note,
    place: note.place + i * sector,
    bytes: note.bytes.subarray(i * sector, (i + 1) * sector),
  }));
}

/** A file in memory. */
function createImage(start: Buffer = Buffer.alloc(0)) {
  let room = Buffer.alloc(Math.max(start.length * 2, 1 << 20));
  start.copy(room);
  let length = start.length;
  return {
    apply({ kind, place, bytes }: Note): void {
      if (kind === "truncate") {
        if (place < length) room.fill(0, place, length);
        length = place;
        return;
      }
      const end = place + bytes.length;
      if (end > room.length) room = Buffer.concat([room, Buffer.alloc(end)]);
      bytes.copy(room, place);
      length = Math.max(length, end);
    },
    bytes: () => Buffer.from(room.subarray(0, length)),
  };
}
