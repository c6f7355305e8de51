/** When each delta of a draft arrived, so that a replay is exact. */
export interface Beat {
  readonly part: number;
  readonly bytes: number;
  /** Milliseconds since the beat before. */
  readonly delay: number;
}

/** Packs beats as varints: part, bytes, milliseconds. */
export function packCadence(beats: Iterable<Beat>): Uint8Array {
  const out: number[] = [];
  for (const { part, bytes, delay } of beats) {
    for (let value of [part, bytes, delay]) {
      for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
      out.push(value);
    }
  }
  return Uint8Array.from(out);
}
