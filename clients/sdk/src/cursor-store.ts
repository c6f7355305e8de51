/**
 * Keeps how far one reader has come, for when it is started again. Two readers
 * that share one lose events.
 */
export interface CursorStore {
  /** What was saved last; undefined or empty when nothing was. */
  load(): Promise<string | undefined>;
  /** An empty cursor forgets the place. */
  save(cursor: string): Promise<void>;
}

/** For readers that come and go in one process. */
export function createMemoryCursor(cursor = ""): CursorStore {
  let saved = cursor;
  return {
    load: async () => saved,
    async save(next) {
      saved = next;
    },
  };
}

/** The places of one watch on their way to its store. */
export interface CursorKeeper {
  load(): Promise<string>;
  /** The reader is done with everything before this cursor. Saved at most once a second. */
  done(cursor: string): Promise<void>;
  /** Saves what is not saved yet. */
  flush(): Promise<void>;
}

/** Milliseconds from one save to the next: what they save is told again after a crash. */
const shortestPause = 1000;

export function createCursorKeeper(store: CursorStore | undefined): CursorKeeper {
  let saved = "";
  let reached = "";
  let last = Number.NEGATIVE_INFINITY;
  const flush = async () => {
    if (store === undefined || reached === saved) return;
    const cursor = reached;
    last = performance.now();
    await store.save(cursor);
    saved = cursor;
  };
  return {
    async load() {
      saved = (await store?.load()) ?? "";
      reached = saved;
      return saved;
    },
    async done(cursor) {
      reached = cursor;
      if (performance.now() - last >= shortestPause) await flush();
    },
    flush,
  };
}
