import type { Event } from "@daphnia/protocol/event";
import type { Facts } from "../agent/facts.ts";
import type { Turn } from "../agent/turn-deps.ts";

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
  dropped: AbortSignal,
): Promise<void> {
  let events: readonly Event[] = [];
  try {
    for (;;) {
      const { value, done } = await turn.next(events);
      if (done || dropped.aborted) return;
      events = await commit(value);
    }
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    await turn.return();
  }
}
