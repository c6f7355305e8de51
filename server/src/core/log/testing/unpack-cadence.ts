import type { Beat } from "../cadence.ts";

/** Reads what `packCadence` packed, as a client does. */
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
