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

export function unpackCadence(packed: Uint8Array): Beat[] {
  const values: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of packed) {
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte > 127) continue;
    values.push(value);
    value = 0;
    factor = 1;
  }
  const beats: Beat[] = [];
  for (let i = 0; i + 2 < values.length; i += 3) {
    beats.push({ part: values[i] ?? 0, bytes: values[i + 1] ?? 0, delay: values[i + 2] ?? 0 });
  }
  return beats;
}
