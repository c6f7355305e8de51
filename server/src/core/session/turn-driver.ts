import type { Event } from "@daphnia/protocol/event";
import { pause } from "../../base/clock.ts";
import { DaemonError } from "../../base/errors.ts";
import type { Facts } from "../agent/facts.ts";
import type { Turn } from "../agent/turn-deps.ts";
import type { SessionDeps } from "./session-deps.ts";

/** How long a full store is left alone before its parked turns try again, in milliseconds. */
const fullPause = 1000;

/** A turn and the controller of the signal that it obeys. */
export interface DrivenTurn {
  readonly turn: Turn;
  readonly controller: AbortController;
}

/**
 * Commits what a turn yields before asking it for more. Leaves off without
 * another commit when `dropped` aborts: the log then ends where a crash would
 * have left it. Where a commit fails the turn is told to stop, since closing it
 * waits for what it runs.
 */
export async function driveTurn(
  { turn, controller }: DrivenTurn,
  commit: (facts: Facts) => Promise<readonly Event[]>,
  deps: Pick<SessionDeps, "clock">,
  dropped: AbortSignal,
): Promise<void> {
  let events: readonly Event[] = [];
  try {
    for (;;) {
      const { value, done } = await turn.next(events);
      if (done || dropped.aborted) return;
      events = await whenPossible(() => commit(value), deps, dropped);
    }
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    await turn.return();
  }
}

/** Without space whoever writes is parked: it goes on when there is some again. */
export async function whenPossible<T>(
  write: () => Promise<T>,
  { clock }: Pick<SessionDeps, "clock">,
  dropped: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const isFull = error instanceof DaemonError && error.detail.reason === "STORE_FULL";
      if (!isFull) throw error;
      await pause(clock, fullPause, dropped);
    }
  }
}
