/**
 * Passes the items on until the source ends, or throws the signal's reason as
 * soon as it aborts, even while the source is silent.
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  // It may abort while nobody races against it; that is seen before the next wait.
  aborted.catch(() => {});
  try {
    if (signal.aborted) stop();
    for (;;) {
      const result = await Promise.race([iterator.next(), aborted]);
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // A silent source answers only after its next item, so nobody waits for it.
    void iterator.return?.().catch(() => {});
  }
}
