import { openWalSync } from "../wal-sync.ts";

/** A sync that is over only when the test says so. */
export interface HeldSync {
  readonly open: typeof openWalSync;
  /** Ends the syncs begun so far, or fails them. */
  release(error?: unknown): void;
  /** Lets every later sync end by itself. */
  letGo(): void;
  /** Makes syncs on this thread fail. */
  failNow(error: Error): void;
  /** How many were begun and are not over. */
  waiting(): number;
  /** How often this thread synced. */
  direct(): number;
}

export function createHeldSync(): HeldSync {
  let held: ((error: unknown) => void)[] = [];
  let isFree = false;
  let failure: Error | undefined;
  let direct = 0;
  function release(error?: unknown): void {
    const ended = held;
    held = [];
    for (const done of ended) done(error);
  }
  return {
    open(db, path) {
      const real = openWalSync(db, path);
      return {
        begin(done) {
          if (isFree) real.begin(done);
          else held.push(done);
        },
        now() {
          direct++;
          if (failure !== undefined) throw failure;
          real.now();
        },
        close: real.close,
      };
    },
    release,
    letGo() {
      isFree = true;
      release();
    },
    failNow(error) {
      failure = error;
    },
    waiting: () => held.length,
    direct: () => direct,
  };
}
