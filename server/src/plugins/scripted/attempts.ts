/** Counts how often something was tried, for the latest thousand things. */
export interface Attempts {
  /** Counts one more attempt and says how many there were before it. */
  next(key: string): number;
}

const most = 1000;

export function createAttempts(): Attempts {
  const counts = new Map<string, number>();
  return {
    next(key) {
      const before = counts.get(key) ?? 0;
      counts.delete(key);
      counts.set(key, before + 1);
      const [oldest] = counts.keys();
      if (counts.size > most && oldest !== undefined) counts.delete(oldest);
      return before;
    },
  };
}
