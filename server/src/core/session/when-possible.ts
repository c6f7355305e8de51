import { pause } from "../../base/clock.ts";
import { DaemonError } from "../../base/errors.ts";
import type { SessionDeps } from "./session-deps.ts";

/** How long a full store is left alone before what is parked tries again, in milliseconds. */
const fullPause = 1000;

/**
 * Without space whoever writes is parked: it goes on when there is some again.
 * `onFull` is told each time that there is none.
 */
export async function whenPossible<T>(
  write: () => Promise<T>,
  { clock }: Pick<SessionDeps, "clock">,
  dropped: AbortSignal,
  onFull: (error: DaemonError) => void = () => {},
): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isFull(error)) throw error;
      onFull(error);
      await pause(clock, fullPause, dropped);
    }
  }
}

/** True where a write was refused for want of space. */
export function isFull(error: unknown): error is DaemonError {
  return error instanceof DaemonError && error.detail.reason === "STORE_FULL";
}
