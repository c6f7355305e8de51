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
  listen(keys: readonly string[]): Ear;
}

export interface Ear {
  /** Forgets the rings so far. */
  clear(): void;
  /** Resolves at a ring since `clear()`, after `ms`, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
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
        listener.wake?.();
      }
    },
    listen(keys) {
      const listener: Listener = { rung: false, wakes: 0, wake: undefined };
      for (const key of keys) {
        const set = listeners.get(key) ?? new Set();
        listeners.set(key, set.add(listener));
      }
      return {
        clear() {
          listener.rung = false;
        },
        wait: (ms, signal) => waitFor(listener, clock, ms, signal),
        get wakes() {
          return listener.wakes;
        },
        close() {
          for (const key of keys) {
            const set = listeners.get(key);
            set?.delete(listener);
            if (set?.size === 0) listeners.delete(key);
          }
        },
      };
    },
  };
}

function waitFor(listener: Listener, clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (listener.rung || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      listener.wake = undefined;
      if (listener.rung) listener.wakes++;
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
    listener.wake = done;
  });
}
