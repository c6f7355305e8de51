import { type Pin, pinPath } from "./pin-path.ts";

/** A file that is held, and the name it was asked for by. */
export interface HeldFile {
  readonly name: string;
  readonly pin: Pin;
}

/**
 * Holds the plain files among some, and gives them to `use`. What ripgrep found by
 * walking may have been reached through a link that came meanwhile: what can be
 * held is where its path says.
 */
export async function withHeldFiles<T>(
  names: readonly string[],
  pathOf: (name: string) => string,
  sealed: readonly string[],
  use: (files: readonly HeldFile[]) => Promise<T>,
): Promise<T> {
  const pinned = await Promise.all(
    names.map(async (name) => ({ name, pin: await pinPath(pathOf(name), sealed) })),
  );
  const held = pinned.flatMap(({ name, pin }) => ("problem" in pin ? [] : [{ name, pin }]));
  try {
    return await use(held.filter(({ pin }) => pin.stats.isFile()));
  } finally {
    await Promise.all(held.map(({ pin }) => pin[Symbol.asyncDispose]()));
  }
}

/** As many are held at once. */
export function batchesOf(names: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(names.length / batchSize);
  return Array.from({ length: count }, (_, i) => names.slice(i * batchSize, (i + 1) * batchSize));
}

const batchSize = 100;
