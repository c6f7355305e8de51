type Settled<T> =
  | { readonly from: AsyncIterator<T>; readonly result: IteratorResult<T> }
  | { readonly from: AsyncIterator<T>; readonly error: unknown };

/**
 * Yields from all sources as they become ready, first come first served.
 *
 * M1: a source stays at its own yield until whoever drives the merge asks for
 * the next item, so what stands below that yield runs only after the driver is
 * done with the item.
 * M2: closing the merge closes every source; a source that waits for something
 * must have been told to stop before, or closing waits for it.
 */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const ready: Settled<T>[] = [];
  let wake = () => {};
  const pull = (from: AsyncIterator<T>) => {
    const settle = (settled: Settled<T>) => {
      ready.push(settled);
      wake();
    };
    from.next().then(
      (result) => settle({ from, result }),
      (error: unknown) => settle({ from, error }),
    );
  };
  let open = iterators.length;
  for (const iterator of iterators) pull(iterator);
  try {
    while (open > 0) {
      const settled = ready.shift();
      if (settled === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ("error" in settled) {
        throw settled.error;
      } else if (settled.result.done) {
        open--;
      } else {
        yield settled.result.value;
        pull(settled.from);
      }
    }
  } finally {
    await Promise.allSettled(iterators.map((iterator) => iterator.return?.()));
  }
}
