import type { Clock } from "./clock.ts";

/**
 * Bells wake whoever waits. A ring carries no payload, so any number of rings
 * between two looks count as one.
 *
 * B1: a ring after `clear()` and before `wait()` is not missed: clear, look,
 * then wait.
 * B2: a ring costs only those who listen to its key.
 */
export interface Bells {
  ring(key: string): void;
  /** Listens to every key of `keys` until closed. */
  listen(keys: readonly string[], signal: AbortSignal): Ear;
}

export interface Ear {
  /** Forgets the rings so far. */
  clear(): void;
  /** Resolves at a ring since `clear()`, after `ms`, or when the ear's signal aborts. One at a time. */
  wait(ms: number): Promise<void>;
  /** True when there was a ring since `clear()`. */
  readonly rung: boolean;
  /** How often it was woken by a ring. */
  readonly wakes: number;
  close(): void;
}

interface Listener {
  rung: boolean;
  wakes: number;
  wake: (() => void) | undefined;
}

export function createBells(clock: Clock): Bells {
  const listeners = new Map<string, Set<Listener>>();
  return {
    ring(key) {
      for (const listener of listeners.get(key) ?? []) {
        listener.rung = true;
        if (listener.wake === undefined) continue;
        listener.wakes++;
        listener.wake();
      }
    },
    listen(keys, signal) {
      const listener: Listener = { rung: false, wakes: 0, wake: undefined };
      for (const key of keys) {
        const set = listeners.get(key) ?? new Set();
        listeners.set(key, set.add(listener));
      }
      return createEar(listener, clock, signal, () => {
        for (const key of keys) {
          const set = listeners.get(key);
          set?.delete(listener);
          if (set?.size === 0) listeners.delete(key);
        }
      });
    },
  };
}

/** Its timer and its place at the signal outlast a wait: who is woken often sets neither anew. */
function createEar(listener: Listener, clock: Clock, signal: AbortSignal, leave: () => void): Ear {
  let resolve: (() => void) | undefined;
  let due = 0;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  function wake(): void {
    const woken = resolve;
    resolve = undefined;
    listener.wake = undefined;
    woken?.();
  }

  function look(): void {
    timer = undefined;
    if (resolve === undefined) return;
    if (clock.monotonic() >= due) wake();
    else setTimer();
  }

  function setTimer(): void {
    if (timer !== undefined && timer.at <= due) return;
    timer?.cancel();
    timer = { at: due, cancel: clock.after(due - clock.monotonic(), look) };
  }

  signal.addEventListener("abort", wake);
  return {
    clear() {
      listener.rung = false;
    },
    wait(ms) {
      if (listener.rung || signal.aborted) return Promise.resolve();
      return new Promise((done) => {
        resolve = done;
        listener.wake = wake;
        due = clock.monotonic() + ms;
        setTimer();
      });
    },
    get rung() {
      return listener.rung;
    },
    get wakes() {
      return listener.wakes;
    },
    close() {
      leave();
      timer?.cancel();
      signal.removeEventListener("abort", wake);
    },
  };
}
