/** Lets so many turns run at once; the others wait in order. */
export interface TurnSlots {
  /** Resolves with a function that gives the slot back, or rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
  running(): number;
  waiting(): number;
  /** Resolves when no turn runs. */
  drained(): Promise<void>;
}

/** A slot that its turn leaves while all that is left of it waits for people. */
export interface HeldSlot {
  leave(): void;
  /** Resolves when the slot is held again; at once where it was not left. */
  enter(): Promise<void>;
}

/** Takes a slot, to be left at the end. Rejects with the signal's reason. */
export async function holdSlot(slots: TurnSlots, signal: AbortSignal): Promise<HeldSlot> {
  let release: (() => void) | undefined = await slots.take(signal);
  let entering: Promise<void> | undefined;
  async function take(): Promise<void> {
    try {
      release = await slots.take(signal);
    } finally {
      entering = undefined;
    }
  }
  return {
    leave() {
      release?.();
      release = undefined;
    },
    async enter() {
      if (release !== undefined) return;
      entering ??= take();
      await entering;
    },
  };
}

export function createTurnSlots(most: number): TurnSlots {
  const queue: (() => void)[] = [];
  let running = 0;
  let drainers: (() => void)[] = [];
  const give = () => {
    const next = queue.shift();
    if (next !== undefined) return next(); // the slot goes straight to whoever waited longest
    running--;
    if (running > 0) return;
    const resolved = drainers;
    drainers = [];
    for (const resolve of resolved) resolve();
  };
  const once = () => {
    let isGiven = false;
    return () => {
      if (!isGiven) give();
      isGiven = true;
    };
  };
  return {
    take(signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (running < most) {
        running++;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const start = () => {
          signal.removeEventListener("abort", leave);
          resolve(once());
        };
        const leave = () => {
          queue.splice(queue.indexOf(start), 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", leave, { once: true });
        queue.push(start);
      });
    },
    running: () => running,
    waiting: () => queue.length,
    drained: () =>
      running === 0 ? Promise.resolve() : new Promise((resolve) => drainers.push(resolve)),
  };
}
