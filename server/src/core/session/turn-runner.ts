import { type Event, TurnErrorKind } from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import {
  type Session as Head,
  type QueuedPrompt,
  SessionState,
  TurnOutcome,
} from "@daphnia/protocol/session";
import { messageOf } from "../../base/errors.ts";
import { giveUp } from "../agent/calls.ts";
import { type Facts, facts } from "../agent/facts.ts";
import { runTurn } from "../agent/turn.ts";
import { turnEnd } from "../agent/turn-end.ts";
import { foldTurn, newTurnState, type TurnState } from "../agent/turn-state.ts";
import type { Along, Fact, FactsOf, SessionWriter } from "../log/session-writer.ts";
import { type Approvals, createApprovals } from "./approvals.ts";
import { createCancellation, type KeptAnswer } from "./cancellation.ts";
import { createContext } from "./context.ts";
import { explain } from "./explain.ts";
import { nextMove } from "./next-move.ts";
import { failedTurn, prepareTurn, type TurnOrder } from "./prepare-turn.ts";
import { recoverTurn } from "./recover-turn.ts";
import type { SessionDeps } from "./session-deps.ts";
import { readEvents } from "./session-events.ts";
import { stillTrue } from "./still-true.ts";
import { driveTurn } from "./turn-driver.ts";
import { type HeldSlot, holdSlot } from "./turn-slots.ts";
import { whenPossible } from "./when-possible.ts";

/**
 * Runs a session's turns, one at a time.
 *
 * R1: what to do next is read from the log, never remembered; but for the pause
 * before a turn is resumed after a crash, which the next crash begins anew.
 * R2: one loop at most; `wake()` begins it, and it ends when there is no work.
 * R3: a canceled turn ends, or its cancel is refused: nobody who waits for it hears nothing.
 */
export interface TurnRunner {
  /** Looks for work; begins it if none is running. */
  wake(): void;
  /** Cancels the open turn. */
  cancel(by: Principal): void;
  /**
   * Resolves when the open turn's end is on record, and the answer to who waits.
   * Rejects when the session is dropped before, or the end finds no space.
   */
  ended(answer: KeptAnswer | undefined): Promise<void>;
  /** Answers for what a crash cut off, then goes on. */
  recover(): Promise<void>;
  isRunning(): boolean;
  /** Forgets what can be read again. To be called only while nothing runs. */
  forget(): void;
  /** The approvals that the turn at hand waits for. */
  readonly approvals: Pick<Approvals, "pending" | "resolve">;
  /** How often the turn at hand was resumed. */
  resumes(): number;
  /** Leaves off without another commit; resolves when nothing runs any more. */
  drop(why: Error): Promise<void>;
}

export function createTurnRunner(writer: SessionWriter, deps: SessionDeps): TurnRunner {
  const { sessionId } = writer;
  const context = createContext(sessionId, deps);
  const dropped = new AbortController();
  let state: TurnState = newTurnState("");
  let turn = new AbortController();
  /** Monotonic time at which a turn that a crash cut off is resumed. */
  let resumeTime: number | undefined;
  let isAsked = false;
  let loop: Promise<void> | undefined;
  let stopTimer = () => {};

  const head = (): Head => {
    const current = writer.head();
    if (current === undefined) throw new Error(`session ${sessionId} has no head`);
    return current;
  };
  const cancellation = createCancellation((answer) => writer.commit([], { answer }));
  const parked = <T>(write: () => Promise<T>) =>
    whenPossible(write, deps, dropped.signal, (full) => cancellation.fail(full));
  const mayWork = () => !deps.isStopping() && !dropped.signal.aborted;

  /** Commits facts of the turn, unless they are not true any more; who waits for its end hears of it. */
  async function commit(told: Facts, isStill = () => true): Promise<readonly Event[]> {
    const { settles, blobs } = told;
    const isEnd = told.facts.some((fact) => fact.body.case === "turnFinished");
    const answer = isEnd ? cancellation.first() : undefined;
    const make = () =>
      isStill()
        ? explain(stillTrue(told.facts, head()), { head: head(), state, by: cancellation.by() })
        : [];
    const events = await record(make, { settles, blobs, ...(answer && { answer }) });
    if (isEnd && events.length > 0) cancellation.ended(answer);
    return events;
  }

  /** Commits, and folds what was committed. */
  async function record(make: FactsOf, along?: Along): Promise<readonly Event[]> {
    const events = await writer.commit(make, along);
    for (const event of events) state = foldTurn(state, event);
    return events;
  }

  const approvals = createApprovals(sessionId, {
    ...deps,
    parked,
    commit: record,
    state: () => state,
    cwd: () => head().cwd,
    isDropped: () => dropped.signal.aborted,
  });

  /** The fold of the turn that the head says is open. */
  async function readState(): Promise<TurnState> {
    const { turnId, turnSeq } = head();
    let read = newTurnState(turnId);
    for await (const event of readEvents(deps.log.store, sessionId, Number(turnSeq) - 1)) {
      if (event.turnId === turnId) read = foldTurn(read, event);
    }
    return read;
  }

  async function work(): Promise<void> {
    while (mayWork()) {
      isAsked = false;
      const isDone = head().turnId === "" ? await openNext() : await goOn();
      if (isDone) return;
    }
  }

  /** Opens the next waiting prompt's turn; true when none waits. */
  async function openNext(): Promise<boolean> {
    if (head().queue.length === 0) return true;
    await inSlot(async (slot) => {
      // Chosen now: while this waited for its slot, prompts came, moved or were withdrawn.
      const [prompt] = head().queue;
      if (prompt === undefined) return;
      turn = new AbortController();
      // A steering prompt whose turn ended first opens its own.
      state = newTurnState(prompt.turnId === "" ? deps.mint("turn") : prompt.turnId);
      await run(prompt, slot);
    });
    return false;
  }

  /** Goes on with the open turn; true when it has to wait. */
  async function goOn(): Promise<boolean> {
    stopTimer();
    state = await readState();
    const { signal } = turn;
    // Dropping a session stops its turn too, but ends none.
    if (dropped.signal.aborted) return true;
    if (signal.aborted) return endCanceled();
    const backOff = resumeTime === undefined ? undefined : resumeTime - deps.clock.monotonic();
    const move = nextMove(state, deps.clock.now().getTime(), backOff);
    switch (move.kind) {
      case "wait":
        stopTimer = deps.clock.after(move.ms, wake);
        return true;
      case "commit":
        await change(move.facts);
        return false;
      case "run":
        await inSlot((slot) => run(undefined, slot), signal);
        return false;
    }
  }

  /** Resumes or ends a turn whose time to wait is over. */
  async function change(told: readonly Fact[]): Promise<void> {
    const { turnId, suspended } = state;
    // Somebody may have resumed it in the same moment.
    const isStill = () =>
      head().turnId === turnId &&
      (head().state === SessionState.SUSPENDED) === (suspended !== undefined);
    await parked(() => commit(facts(told), isStill));
    resumeTime = undefined;
  }

  /** Ends a canceled turn that does not run: that takes no slot, no agent and no model. */
  async function endCanceled(): Promise<boolean> {
    const elapsed = deps.clock.now().getTime() - state.startTime;
    const end = turnEnd(state, { outcome: TurnOutcome.CANCELED }, elapsed);
    const answers = giveUp(state.openCalls, { state: () => state });
    await parked(() => commit(facts([...answers, end])));
    turn = new AbortController();
    resumeTime = undefined;
    return false;
  }

  /** Acts when a slot is free; not at all where the turn is canceled while it waits for one. */
  async function inSlot(
    act: (slot: HeldSlot) => Promise<void>,
    canceled?: AbortSignal,
  ): Promise<void> {
    const either = canceled ? AbortSignal.any([dropped.signal, canceled]) : dropped.signal;
    const slot = await holdSlot(deps.slots, either).catch((error: unknown) => {
      if (dropped.signal.aborted) throw error;
      return undefined;
    });
    if (slot === undefined) return;
    try {
      if (mayWork()) await act(slot);
    } finally {
      slot.leave();
    }
  }

  async function run(prompt: QueuedPrompt | undefined, slot: HeldSlot): Promise<void> {
    const order = { prompt, head, state: () => state, context, approvals, parked, slot };
    try {
      const prepared = await prepareTurn(order, deps);
      if ("failed" in prepared) {
        await parked(() => commit(prepared.failed));
      } else {
        const running = { turn: runTurn(prompt, prepared.ready, turn.signal), controller: turn };
        await driveTurn(running, (told) => parked(() => commit(told)), dropped.signal);
      }
    } catch (error) {
      if (dropped.signal.aborted) throw error;
      deps.onBug(error);
      await fail(order, error);
    } finally {
      if (head().turnId === "") turn = new AbortController();
    }
  }

  /** Ends a turn whose facts could not be committed, so that the next can begin. */
  async function fail(order: Pick<TurnOrder, "prompt" | "state">, error: unknown): Promise<void> {
    const message = `the daemon is at fault: ${messageOf(error)}`;
    const drafts = await deps.log.store.openDrafts(sessionId);
    const failed = failedTurn(order, TurnErrorKind.INTERNAL, message);
    const settles = [
      ...drafts.map(({ draftId }) => draftId),
      ...state.openCalls.map(({ call }) => call.callId),
    ];
    await parked(() => commit({ ...failed, settles }));
  }

  function wake(): void {
    isAsked = true;
    if (loop !== undefined || !mayWork()) return;
    const rest = () => {
      loop = undefined;
      context.rest();
    };
    loop = work().then(
      () => {
        rest();
        if (isAsked) wake(); // while the loop was ending
      },
      (error: unknown) => {
        rest();
        cancellation.fail(dropped.signal.aborted ? dropped.signal.reason : error);
        if (!dropped.signal.aborted) deps.onBug(error);
      },
    );
  }

  return {
    wake,
    cancel(by) {
      cancellation.begin(by);
      stopTimer();
      turn.abort(new Error("the turn was canceled"));
      wake();
    },
    ended: (answer) =>
      dropped.signal.aborted ? Promise.reject(dropped.signal.reason) : cancellation.over(answer),
    async recover() {
      if (head().turnId === "") return wake();
      state = await readState();
      const recovered = await recoverTurn(state, { sessionId, agent: head().agent }, deps);
      if (recovered === undefined) return wake();
      const { facts: told, backOff } = recovered;
      await commit(told);
      if (backOff !== undefined) resumeTime = deps.clock.monotonic() + backOff;
      wake();
    },
    isRunning: () => loop !== undefined,
    forget: () => context.forget(),
    approvals,
    resumes: () => state.resumes,
    async drop(why) {
      stopTimer();
      dropped.abort(why);
      turn.abort(why);
      await loop;
      cancellation.fail(why);
    },
  };
}
