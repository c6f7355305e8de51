/** Milliseconds in which a second signal is an echo of the first, from a shim or a shell. */
const echo = 300;

/** Calls `first` at the first Ctrl-C and `second` at a later one. The answer gives it back. */
export function catchInterrupts(first: () => void, second: () => void): () => void {
  let since: number | undefined;
  const onInterrupt = () => {
    const now = performance.now();
    if (since === undefined) {
      since = now;
      first();
    } else if (now - since > echo) second();
  };
  process.on("SIGINT", onInterrupt);
  return () => void process.off("SIGINT", onInterrupt);
}

/**
 * For what ends gracefully by itself at Ctrl-C: keeps the echoes that npm and shells add
 * from killing it in the middle of that. A real second Ctrl-C still does.
 */
export function endOnce(exitCode: number): () => void {
  return catchInterrupts(
    () => {},
    () => process.exit(exitCode),
  );
}
