/** Lets work run side by side, but for work on the same paths, which waits its turn. */
export interface Lanes {
  /** Runs when all earlier work on any of these paths is over. */
  after<T>(paths: readonly string[], work: () => Promise<T>): Promise<T>;
}

export function createLanes(): Lanes {
  const last = new Map<string, Promise<unknown>>();
  return {
    after(paths, work) {
      const earlier = paths.flatMap((path) => last.get(path) ?? []);
      const done = Promise.allSettled(earlier).then(work);
      for (const path of paths) last.set(path, done);
      return done;
    },
  };
}
