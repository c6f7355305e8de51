import { TurnResumedSchema } from "@daphnia/protocol/event";
import { SuspendReason } from "@daphnia/protocol/session";
import { body } from "../agent/facts.ts";
import { interrupt } from "../agent/recover.ts";
import type { TurnState } from "../agent/turn-state.ts";
import type { Fact } from "../log/session-writer.ts";

/** What comes next for an open turn: it runs, it waits so many milliseconds, or facts change it. */
export type NextMove =
  | { readonly kind: "run" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "commit"; readonly facts: readonly Fact[] };

/** The longest that a timer can be set for. */
const longestTimer = 2 ** 31 - 1;

/**
 * Decides about an open turn at a time. `backOff` is what is left of the pause
 * before a turn that a crash cut off is resumed; undefined where there is none.
 */
export function nextMove(state: TurnState, now: number, backOff: number | undefined): NextMove {
  const { suspended } = state;
  if (backOff !== undefined) return waitFor(backOff) ?? resume(state);
  if (suspended === undefined) return { kind: "run" };
  return (
    waitFor(suspended.until - now) ??
    (suspended.reason === SuspendReason.PROVIDER
      ? resume(state)
      : { kind: "commit", facts: interrupt(state, now) })
  );
}

function waitFor(ms: number): NextMove | undefined {
  return ms > 0 ? { kind: "wait", ms: Math.min(ms, longestTimer) } : undefined;
}

function resume({ turnId, resumes }: TurnState): NextMove {
  const resumed = body("turnResumed", TurnResumedSchema, { attempt: resumes + 1 });
  return { kind: "commit", facts: [{ turnId, body: resumed }] };
}
