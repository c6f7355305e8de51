/** Tells the time and waits for it: milliseconds of any monotonic clock. */
export interface Ticker {
  now(): number;
  /** Resolves at that time, or at once when the signal aborts. */
  until(time: number, signal: AbortSignal): Promise<void>;
}

/**
 * Shows what was recorded when its time has come, `speed` times as fast. Every time
 * counts from the first: a wait that takes too long is made up for by the next.
 */
export async function play<T extends { readonly at: number }>(
  recording: AsyncIterable<T>,
  show: (item: T) => void,
  { speed, ticker }: { readonly speed: number; readonly ticker: Ticker },
  signal: AbortSignal,
): Promise<void> {
  let start: number | undefined;
  for await (const item of recording) {
    start ??= ticker.now() - item.at / speed;
    const due = start + item.at / speed;
    if (due > ticker.now()) await ticker.until(due, signal);
    if (signal.aborted) return;
    show(item);
  }
}

/** The longest that a timer can be set for. */
const longestTimer = 2 ** 31 - 1;

export const systemTicker: Ticker = {
  now: () => performance.now(),
  async until(time, signal) {
    for (let left = time - performance.now(); left > 0 && !signal.aborted; ) {
      await sleep(Math.min(left, longestTimer), signal);
      left = time - performance.now();
    }
  },
};

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}
