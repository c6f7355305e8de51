import { packCadence } from "./cadence.ts";

/** Milliseconds within which what comes is one beat, as long as the beats are few. */
const firstWindow = 10;
/** A packed beat is at most 11 bytes: one for its part, five for its bytes, five for its delay. */
const mostBeats = Math.floor((64 * 1024) / 11);

/** When a call printed how much. */
export interface OutputCadence {
  /** Some bytes came at this time, in milliseconds. */
  beat(bytes: number, at: number): void;
  /** At most 64 KiB, as `packCadence` packs. */
  packed(): Uint8Array;
}

/**
 * Bounded whatever a call prints: where beats are too many, twice as much time is one
 * beat, also of what came before. So a long replay is coarser, and never longer.
 */
export function createOutputCadence(start: number): OutputCadence {
  let window = firstWindow;
  let beats: Beat[] = [];

  function add(to: Beat[], { bytes, at }: Beat): void {
    const last = to.at(-1);
    if (last !== undefined && at - last.at < window) last.bytes += bytes;
    else to.push({ bytes, at });
  }

  return {
    beat(bytes, at) {
      add(beats, { bytes, at: Math.round(at) });
      while (beats.length >= mostBeats) {
        window *= 2;
        const fewer: Beat[] = [];
        for (const beat of beats) add(fewer, beat);
        beats = fewer;
      }
    },
    packed() {
      let last = Math.round(start);
      const told = beats.map(({ bytes, at }) => {
        const delay = Math.max(0, at - last);
        last = at;
        return { part: 0, bytes, delay };
      });
      return packCadence([{ part: 0, bytes: 0, delay: 0 }, ...told]);
    },
  };
}

interface Beat {
  bytes: number;
  readonly at: number;
}
