import type { Event, TurnFinished } from "@daphnia/protocol/event";
import type { Clock } from "../../base/clock.ts";
import { eventOf } from "../log/entry.ts";
import { kindOfName } from "../log/event-bodies.ts";
import { follow } from "../log/follow.ts";
import type { Log } from "../log/log.ts";
import { everything } from "../log/selection.ts";

/** How a turn ended, that it never begins, or that it goes on without an end in sight. */
export type TurnEnd = { readonly finished: TurnFinished } | "withdrawn" | "suspended" | "waiting";

const ends = ["turn_finished", "turn_suspended", "turn_resumed", "prompt_withdrawn"];

/**
 * Waits until a turn is over or suspended, its prompt is withdrawn, or the time is up. `after` is a
 * position before its end; hanging up changes nothing about the turn.
 */
export async function awaitTurn(
  turn: {
    readonly sessionId: string;
    readonly turnId: string;
    readonly after: number;
    readonly wait: number;
  },
  deps: { readonly log: Log; readonly clock: Clock },
  signal: AbortSignal,
): Promise<TurnEnd> {
  const timeUp = new AbortController();
  const stop = deps.clock.after(turn.wait, () => timeUp.abort());
  const kinds = new Set(ends.flatMap((name) => kindOfName(name) ?? []));
  const options = {
    selection: {
      ...everything,
      sessions: [turn.sessionId],
      kinds,
      turnId: turn.turnId,
      deltas: false,
    },
    after: turn.after,
    drafts: new Map(),
    minFrame: 0,
    heartbeat: turn.wait * 2,
    maxBatchBytes: 64 * 1024,
    untilCaughtUp: false,
  };
  let end: TurnEnd = "waiting";
  let isLive = false;
  try {
    for await (const { entries, synced } of follow(
      options,
      deps,
      AbortSignal.any([signal, timeUp.signal]),
    )) {
      for (const entry of entries) end = endOf(eventOf(entry));
      isLive ||= synced;
      // In what is replayed, a suspension may have been resumed since.
      if (isOver(end) || (isLive && end === "suspended")) return end;
    }
  } catch (error) {
    if (!timeUp.signal.aborted) throw error;
  } finally {
    stop();
  }
  return end;
}

function isOver(end: TurnEnd): boolean {
  return typeof end === "object" || end === "withdrawn";
}

function endOf({ body }: Event): TurnEnd {
  if (body.case === "turnFinished") return { finished: body.value };
  // A prompt that waits bears the turn it is to open; one that steers bears none.
  if (body.case === "promptWithdrawn") return "withdrawn";
  return body.case === "turnSuspended" ? "suspended" : "waiting";
}
