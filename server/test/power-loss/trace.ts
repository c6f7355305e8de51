import { readFileSync } from "node:fs";

/** One thing that the recorder noted, in order. */
export interface Note {
  readonly kind: "write" | "truncate" | "begin" | "end";
  readonly file: "database" | "log" | "acks";
  /** Where it wrote, the new length, or the number of the sync. */
  readonly place: number;
  readonly bytes: Buffer;
}

const kinds = { W: "write", T: "truncate", S: "begin", E: "end" } as const;
const files = ["other", "database", "log", "acks"] as const;

export function readTrace(path: string): Note[] {
  const all = readFileSync(path);
  const notes: Note[] = [];
  for (let at = 0; at < all.length; ) {
    const letter = String.fromCharCode(all[at] ?? 0);
    const file = files[all[at + 1] ?? 0];
    const length = all.readUInt32LE(at + 10);
    if (!isKind(letter) || file === undefined || file === "other") {
      throw new Error(`the trace is broken at ${at}`);
    }
    const place = Number(all.readBigUInt64LE(at + 2));
    notes.push({
      kind: kinds[letter],
      file,
      place,
      bytes: all.subarray(at + 14, at + 14 + length),
    });
    at += 14 + length;
  }
  return notes;
}

function isKind(letter: string): letter is keyof typeof kinds {
  return letter in kinds;
}
