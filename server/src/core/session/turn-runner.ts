import { create } from "@bufbuild/protobuf";
import { type Event, TurnErrorKind, TurnResumedSchema } from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import {
  EventRefSchema,
  type Session as Head,
  type QueuedPrompt,
  SessionState,
  SuspendReason,
  TurnOutcome,
} from "@daphnia/protocol/session";
import { messageOf } from "../../base/errors.ts";
import { causeOf } from "../agent/cause.ts";
import { body, type Facts } from "../agent/facts.ts";
import { interrupt, recover } from "../agent/recover.ts";
import { runTurn } from "../agent/turn.ts";
import { foldTurn, newTurnState, type TurnState } from "../agent/turn-state.ts";
import type { AnsweredRequest } from "../log/event-store.ts";
import type { Fact, SessionWriter } from "../log/session-writer.ts";
import { settleBrokenDrafts } from "./broken-drafts.ts";
import { createContext } from "./context.ts";
import { failedTurn, prepareTurn, type TurnOrder } from "./prepare-turn.ts";
import type { SessionDeps } from "./session-deps.ts";
import { readEvents } from "./session-events.ts";
import { driveTurn, whenPossible } from "./turn-driver.ts";

/**
 * Runs a session's turns, one at a time.
 *
 * R1: what to do next is read from the head, never remembered.
 * R2: one loop at most; `wake()` begins it, and it ends when there is no work.
 */
export interface TurnRunner {
  /** Looks for work; begins it if none is running. */
  wake(): void;
  /** Cancels the turn that runs or is suspended; its end brings the answer on record. */
  cancel(by: Principal, answer?: () => AnsweredRequest): void;
  /** Answers for what a crash cut off, then goes on. */
  recover(): Promise<void>;
  isRunning(): boolean;
  /** How often the turn at hand was resumed. */
  resumes(): number;
  /** Leaves off without another commit; resolves when nothing runs any more. */
  drop(): Promise<void>;
}

/** The longest that a timer can be set for. */
const longestTimer = 2 ** 31 - 1;

export function createTurnRunner(writer: SessionWriter, deps: SessionDeps): TurnRunner {
  const { sessionId } = writer;
  const context = createContext(sessionId, deps);
  const dropped = new AbortController();
  let state: TurnState = newTurnState("");
  let turn = new AbortController();
  let canceled: Canceled | undefined;
  let isAsked = false;
  let loop: Promise<void> | undefined;
  let stopTimer = () => {};

  const head = (): Head => {
    const current = writer.head();
    if (current === undefined) throw new Error(`session ${sessionId} has no head`);
    return current;
  };
  const mayWork = () => !deps.isStopping() && !dropped.signal.aborted;

  /** Facts with what made them happen, and who. */
  function explain(facts: readonly Fact[]): Fact[] {
    const delivered = facts.flatMap(({ body: what }) =>
      what.case === "promptDelivered" ? [what.value.promptId] : [],
    );
    const waiting = head().queue.filter(({ promptId }) => delivered.includes(promptId));
    const prompts = new Map(waiting.map(({ promptId, seq }) => [promptId, Number(seq)]));
    return facts.map((fact) => {
      const seq = causeOf(fact.body, state, prompts);
      return {
        ...fact,
        ...(seq > 0 && { cause: create(EventRefSchema, { sessionId, seq: BigInt(seq) }) }),
        ...(canceled && isCancel(fact) && { principal: canceled.by }),
      };
    });
  }

  async function commit({ facts, settles, blobs }: Facts): Promise<readonly Event[]> {
    const isEnd = facts.some((fact) => fact.body.case === "turnFinished");
    const answer = isEnd ? canceled?.answer : undefined;
    const events = await writer.commit(() => explain(stillTrue(facts, head())), {
      settles,
      blobs,
      ...(answer && { answer }),
    });
    for (const event of events) state = foldTurn(state, event);
    return events;
  }

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
    await inSlot(async () => {
      // Chosen now: while this waited for its slot, prompts came, moved or were withdrawn.
      const [prompt] = head().queue;
      if (prompt === undefined) return;
      turn = new AbortController();
      canceled = undefined;
      // A steering prompt whose turn ended first opens its own.
      state = newTurnState(prompt.turnId === "" ? deps.mint("turn") : prompt.turnId);
      await run(prompt);
    });
    return false;
  }

  /** Goes on with the open turn; true when it has to wait. */
  async function goOn(): Promise<boolean> {
    state = await readState();
    const may = await mayGoOn();
    if (may === "now") await inSlot(() => run(undefined));
    return may === "not yet";
  }

  async function inSlot(act: () => Promise<void>): Promise<void> {
    const release = await deps.slots.take(dropped.signal);
    try {
      if (mayWork()) await act();
    } finally {
      release();
    }
  }

  async function run(prompt: QueuedPrompt | undefined): Promise<void> {
    const order = { prompt, head, state: () => state, context, dropped: dropped.signal };
    try {
      const prepared = await prepareTurn(order, deps);
      if ("failed" in prepared) {
        await whenPossible(() => commit(prepared.failed), deps, dropped.signal);
      } else {
        const running = { turn: runTurn(prompt, prepared.ready, turn.signal), controller: turn };
        await driveTurn(running, commit, deps, dropped.signal);
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
    const settles = drafts.map(({ draftId }) => draftId);
    await whenPossible(() => commit({ ...failed, settles }), deps, dropped.signal);
  }

  /** Whether an open turn goes on now; one whose suspension is over is resumed or ended. */
  async function mayGoOn(): Promise<"now" | "not yet" | "changed"> {
    stopTimer();
    if (head().state !== SessionState.SUSPENDED || turn.signal.aborted) return "now";
    const { suspended, turnId, resumes } = state;
    const now = deps.clock.now().getTime();
    const left = (suspended?.until ?? now) - now;
    if (left > 0) {
      stopTimer = deps.clock.after(Math.min(left, longestTimer), wake);
      return "not yet";
    }
    const resumed = body("turnResumed", TurnResumedSchema, { attempt: resumes + 1 });
    const isOn = suspended?.reason === SuspendReason.PROVIDER;
    const next = isOn ? [{ turnId, body: resumed }] : interrupt(state, now);
    // Somebody may have resumed it in the same moment.
    const isStill = () => head().state === SessionState.SUSPENDED && head().turnId === turnId;
    await writer.commit(() => (isStill() ? explain(next) : []));
    return "changed";
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
        if (!dropped.signal.aborted) deps.onBug(error);
      },
    );
  }

  return {
    wake,
    cancel(by, answer) {
      canceled ??= { by, answer };
      stopTimer();
      turn.abort(new Error("the turn was canceled"));
      wake();
    },
    async recover() {
      if (head().turnId === "") return wake();
      state = await readState();
      const settled = await settleBrokenDrafts(sessionId, deps);
      if (state.suspended !== undefined && settled.length === 0) return wake();
      const agent = deps.agents.get(head().agent);
      const tools = agent ? deps.toolsFor(agent) : [];
      const answers = recover(state, { agent, tools, now: deps.clock.now().getTime() });
      const facts = [...settled.flatMap((draft) => draft.facts), ...answers];
      await writer.commit(explain(facts), {
        settles: settled.flatMap((draft) => draft.settles),
        blobs: settled.flatMap((draft) => draft.blobs),
      });
      wake();
    },
    isRunning: () => loop !== undefined,
    resumes: () => state.resumes,
    async drop() {
      stopTimer();
      const reason = new Error("the daemon is stopping");
      dropped.abort(reason);
      turn.abort(reason);
      await loop;
    },
  };
}

/** Who canceled a turn first, and the answer to keep for a retry of that. */
interface Canceled {
  readonly by: Principal;
  readonly answer: (() => AnsweredRequest) | undefined;
}

function isCancel({ body: what }: Fact): boolean {
  return what.case === "turnFinished" && what.value.outcome === TurnOutcome.CANCELED;
}

/** The facts without prompts that were withdrawn meanwhile; none, where one of them would open the turn. */
function stillTrue(facts: readonly Fact[], { queue }: Head): readonly Fact[] {
  const isGone = ({ body: what }: Fact) =>
    what.case === "promptDelivered" &&
    !queue.some(({ promptId }) => promptId === what.value.promptId);
  if (!facts.some(isGone)) return facts;
  const isOpening = facts.some(({ body: what }) => what.case === "turnStarted");
  return isOpening ? [] : facts.filter((fact) => !isGone(fact));
}
