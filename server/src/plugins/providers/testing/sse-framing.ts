import type { Dialect } from "../provider-table.ts";

/** Recorded events, one JSON text each, as the provider's server frames them. */
export function frameEvents(events: readonly string[], dialect: Dialect): Uint8Array {
  const frames = events.map((event) => frame(event, dialect));
  const hasEnd = dialect === "openai-chat" || dialect === "compatible";
  return new TextEncoder().encode(frames.join("") + (hasEnd ? "data: [DONE]\n\n" : ""));
}

function frame(event: string, dialect: Dialect): string {
  switch (dialect) {
    case "anthropic":
    case "openai-responses":
      return `event: ${typeOf(event)}\ndata: ${event}\n\n`;
    case "google":
    case "google-interactions":
      return `data: ${event}\r\n\r\n`;
    case "openai-chat":
    case "compatible":
      return `data: ${event}\n\n`;
  }
}

/** Cuts bytes at places that the seed decides, anywhere: in a line, in a character. */
export function cutAnywhere(bytes: Uint8Array, seed: number): Uint8Array[] {
  const next = randomOf(seed);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(next() ** 3 * Math.max(64, bytes.length / 8));
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function typeOf(event: string): string {
  return /"type":\s*"([^"]+)"/.exec(event)?.[1] ?? "message";
}
