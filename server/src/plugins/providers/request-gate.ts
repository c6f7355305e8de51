/**
 * Stands between a package and the network: it holds the request back until
 * somebody has taken note of it.
 */
export interface RequestGate {
  /** What the package is given in place of the platform's own. */
  readonly fetch: typeof globalThis.fetch;
  /** The exact body, or a rejection when the package failed before it had one. */
  body(call: PromiseLike<unknown>): Promise<Uint8Array>;
  /** Lets the request go. */
  open(): void;
}

/** A gate for one call; when the signal aborts, what is held back is never sent. */
export function createRequestGate(signal: AbortSignal): RequestGate {
  const captured = Promise.withResolvers<Uint8Array>();
  const opened = Promise.withResolvers<void>();
  const stop = () => opened.reject(signal.reason);
  opened.promise.catch(() => {}); // nobody may be waiting when the call is given up
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return {
    async fetch(address, init) {
      const bytes = new TextEncoder().encode(typeof init?.body === "string" ? init.body : "");
      captured.resolve(bytes);
      await opened.promise;
      // A redirect would turn the POST into a GET, or carry the key to another host.
      return globalThis.fetch(address, { ...init, body: bytes, redirect: "manual" });
    },
    async body(call) {
      await Promise.race([captured.promise, call]);
      return captured.promise;
    },
    open() {
      signal.removeEventListener("abort", stop);
      opened.resolve();
    },
  };
}
