/** The only source of time. Tests hand in one that they turn by hand. */
export interface Clock {
  /** Wall time, for people and for deadlines. */
  now(): Date;
  /** Milliseconds that only grow, for durations. */
  monotonic(): number;
  /** Calls back once after `ms`, unless what it returned is called first. */
  after(ms: number, call: () => void): () => void;
}

/**
 * Resolves after `ms`, or rejects with the signal's reason. Wall-clock jumps do
 * not matter: who waits for a time of day checks it again on waking.
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}
