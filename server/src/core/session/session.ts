import type { Approval } from "@daphnia/protocol/approval";
import {
  type ApprovalResolved,
  PromptMovedSchema,
  PromptWithdrawnSchema,
  type RevertedFile,
  type SessionUpdated,
  TurnResumedSchema,
} from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import {
  Delivery,
  type Session as Head,
  type QueuedPrompt,
  SessionState,
} from "@daphnia/protocol/session";
import { DaemonError, invalidField, notFound, wrongState } from "../../base/errors.ts";
import { body } from "../agent/facts.ts";
import type { Fact, SessionWriter } from "../log/session-writer.ts";
import type { ApprovalAnswer } from "./approvals.ts";
import type { Command } from "./command.ts";
import { type PromptInput, type PromptResult, preparePrompt } from "./new-prompt.ts";
import { revertTurn } from "./revert-turn.ts";
import type { SessionDeps } from "./session-deps.ts";
import { createTurnRunner } from "./turn-runner.ts";

/** One conversation: commands go in, events come out. */
export interface Session {
  readonly id: string;
  head(): Head;
  /** Resolves when the prompt is committed; its turn runs when its time has come. */
  prompt(input: PromptInput, command: Command<PromptResult>): Promise<PromptResult>;
  movePrompt(promptId: string, before: string, command: Command<undefined>): Promise<void>;
  withdrawPrompt(promptId: string, command: Command<undefined>): Promise<void>;
  /**
   * Cancels the turn named, or the one there is. Resolves when its end, or the
   * withdrawal of its prompt, is committed: the turn that was canceled. Rejects with
   * `unavailable` where that is not done now.
   */
  cancelTurn(turnId: string, clearQueue: boolean, command: Command<string>): Promise<string>;
  resumeTurn(turnId: string, command: Command<string>): Promise<string>;
  /** The approvals that wait for a person. */
  approvals(): readonly Approval[];
  /** Answers one; rejects where that was done before, saying by whom. */
  resolveApproval(
    answer: ApprovalAnswer,
    command: Command<ApprovalResolved>,
  ): Promise<ApprovalResolved>;
  /** Puts the files back that a turn changed, which must be over. */
  revertTurn(
    turnId: string,
    command: Command<readonly RevertedFile[]>,
  ): Promise<readonly RevertedFile[]>;
  update(change: SessionUpdated, etag: string, command: Command<Head>): Promise<Head>;
  /** Answers for what a crash cut off, then goes on. */
  recover(): Promise<void>;
  /** True while it has work or may get some by itself. */
  isBusy(): boolean;
  /** Gives back memory: what it remembers of the log is read again when a turn needs it. */
  forget(): void;
  /** Leaves running work off; resolves when nothing of it runs any more. `why` is told to who waits. */
  drop(why: Error): Promise<void>;
}

export function createSession(writer: SessionWriter, deps: SessionDeps): Session {
  const { sessionId } = writer;
  const runner = createTurnRunner(writer, deps);

  function head(): Head {
    const current = writer.head();
    if (current === undefined) throw notFound("session", sessionId);
    return current;
  }

  function waiting(promptId: string) {
    const queue = head().queue;
    const found = queue.find((prompt) => prompt.promptId === promptId);
    if (found !== undefined) return found;
    throw notFound("prompt", promptId, queue.map((prompt) => prompt.promptId).slice(0, 3));
  }

  /** Cancels the open turn; the answer is kept with its end. */
  async function endTurn({ by, keep }: Command<string>): Promise<void> {
    const { turnId } = head();
    runner.cancel(by);
    await runner.ended(keep && (() => keep(turnId)));
  }

  async function cancelTurn(
    turnId: string,
    clearQueue: boolean,
    command: Command<string>,
  ): Promise<string> {
    const { by, keep } = command;
    const { canceled, isQueueCut } = cancelOf(head(), turnId, clearQueue);
    const isOpen = canceled !== "";
    const begun = () => turnId !== "" && !isOpen && head().turnId === turnId;
    const withdrawn = () =>
      begun() ? [] : takenBack(head().queue, turnId, clearQueue).map((one) => withdrawal(one, by));
    let isKept = false;
    const nothing = keep && {
      answer() {
        isKept = true;
        return keep("");
      },
    };
    const answer = isOpen ? undefined : nothing;
    // In one breath: what runs now is canceled, and nothing of the queue begins after it.
    await Promise.all([
      isOpen && endTurn(command),
      isQueueCut && writer.commit(withdrawn, answer ?? {}),
    ]);
    // What there was nothing to cancel for is kept too: a retry cancels no later turn.
    if (answer && !isKept && !begun()) await writer.commit([], answer);
    // Its turn began before its prompt could be withdrawn.
    return begun() ? cancelTurn(turnId, clearQueue, command) : canceled;
  }

  return {
    id: sessionId,
    head,
    async prompt(input, { by, keep }) {
      const prompt = await preparePrompt(input, deps);
      let running = "";
      const accept = () => {
        running = head().turnId;
        return [prompt.accept(head(), by)];
      };
      await writer.commit(accept, {
        blobs: prompt.blobs,
        ...(keep && { answer: () => keep(prompt.result()) }),
      });
      const isRunning = running !== "" && head().turnId === running;
      if (input.delivery === Delivery.INTERRUPT && isRunning) runner.cancel(by);
      runner.wake();
      return prompt.result();
    },
    async movePrompt(promptId, before, { by, keep }) {
      if (before === promptId) throw invalidField("before_prompt_id", "must be another prompt");
      const moved = body("promptMoved", PromptMovedSchema, { promptId, beforePromptId: before });
      const move = () => {
        waiting(promptId);
        if (before !== "") waiting(before);
        return [{ principal: by, body: moved }];
      };
      await writer.commit(move, keep && { answer: () => keep(undefined) });
    },
    async withdrawPrompt(promptId, { by, keep }) {
      const withdraw = () => [withdrawal(waiting(promptId), by)];
      await writer.commit(withdraw, keep && { answer: () => keep(undefined) });
    },
    cancelTurn,
    async resumeTurn(turnId, { by, keep }) {
      let resumed = "";
      const resume = () => {
        const { turnId: current, state } = head();
        if (state !== SessionState.SUSPENDED || (turnId !== "" && turnId !== current)) {
          throw wrongState(`session "${sessionId}" has no suspended turn ${turnId}`.trim());
        }
        resumed = current;
        const attempt = runner.resumes() + 1;
        const fact = body("turnResumed", TurnResumedSchema, { attempt });
        return [{ turnId: current, principal: by, body: fact }];
      };
      await writer.commit(resume, keep && { answer: () => keep(resumed) });
      runner.wake();
      return resumed;
    },
    approvals: () => runner.approvals.pending(),
    resolveApproval: (answer, command) => runner.approvals.resolve(answer, command),
    revertTurn: (turnId, command) => revertTurn(turnId, command, { writer, deps }),
    async update(change, etag, { by, keep }) {
      const title = change.title === undefined ? undefined : deps.redactor().text(change.title);
      const value = title === undefined ? change : { ...change, title };
      const updated = () => {
        if (etag !== "" && etag !== head().etag) throw otherEtag(head().etag);
        return [{ principal: by, body: { case: "sessionUpdated" as const, value } }];
      };
      await writer.commit(updated, keep && { answer: keep });
      return head();
    },
    recover: () => runner.recover(),
    isBusy: () => runner.isRunning(),
    forget: () => runner.forget(),
    drop: (why) => runner.drop(why),
  };
}

/** What a cancel means: the turn that is open, prompts that wait, both or nothing. */
function cancelOf({ turnId: current, queue }: Head, turnId: string, isAll: boolean) {
  const canceled = turnId === "" || turnId === current ? current : "";
  const isKnown = turnId === canceled || takenBack(queue, turnId, false).length > 0;
  const isMeant = turnId === "" || isKnown;
  return { canceled, isQueueCut: isMeant && takenBack(queue, turnId, isAll).length > 0 };
}

/** The prompts that a cancel withdraws: the one whose turn it names, or all. */
function takenBack(
  queue: readonly QueuedPrompt[],
  turnId: string,
  isAll: boolean,
): readonly QueuedPrompt[] {
  return queue.filter((prompt) => isAll || (turnId !== "" && prompt.turnId === turnId));
}

function withdrawal({ promptId, turnId }: QueuedPrompt, by: Principal): Fact {
  const withdrawn = body("promptWithdrawn", PromptWithdrawnSchema, { promptId });
  return { turnId, principal: by, body: withdrawn };
}

function otherEtag(etag: string): DaemonError {
  return new DaemonError("aborted", `the session changed: its etag is ${etag}`, {
    reason: "ETAG_MISMATCH",
    metadata: { etag },
  });
}
