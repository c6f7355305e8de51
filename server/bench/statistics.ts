/** The value that a share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  if (found === undefined) throw new Error("there are no values");
  return found;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Measures several cases in turns, so that a busy machine troubles each alike.
 * The first round warms caches and is not counted.
 */
export async function interleave<Name extends string, T>(
  rounds: number,
  cases: Readonly<Record<Name, () => Promise<T>>>,
): Promise<Readonly<Record<Name, readonly T[]>>> {
  const names = Object.keys(cases) as Name[]; // the record has no other keys
  const found = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, T[]>; // one list a name
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const value = await cases[name]();
      if (round > 0) found[name].push(value);
    }
  }
  return found;
}
