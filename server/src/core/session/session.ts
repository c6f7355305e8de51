import {
  PromptAcceptedSchema,
  PromptMovedSchema,
  PromptWithdrawnSchema,
  type SessionUpdated,
  TurnResumedSchema,
} from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import type { Principal } from "@daphnia/protocol/principal";
import {
  Delivery,
  type Session as Head,
  type QueuedPrompt,
  SessionState,
} from "@daphnia/protocol/session";
import { DaemonError, invalidField, notFound, wrongState } from "../../base/errors.ts";
import { elide } from "../agent/elide.ts";
import { body } from "../agent/facts.ts";
import type { AnsweredRequest } from "../log/event-store.ts";
import type { Fact, SessionWriter } from "../log/session-writer.ts";
import type { SessionDeps } from "./session-deps.ts";
import { createTurnRunner } from "./turn-runner.ts";

/** Who commands, and how a retried request gets its first answer. */
export interface Command<R> {
  readonly by: Principal;
  /** The answer to keep under the caller's request id, made of the command's result. */
  readonly keep?: (result: R) => AnsweredRequest;
}

export interface PromptInput {
  readonly parts: readonly Part[];
  readonly delivery: Delivery;
  readonly maxSteps: number;
  readonly model: string;
}

export interface PromptResult {
  readonly promptId: string;
  readonly turnId: string;
}

/** One conversation: commands go in, events come out. */
export interface Session {
  readonly id: string;
  head(): Head;
  /** Resolves when the prompt is committed; its turn runs when its time has come. */
  prompt(input: PromptInput, command: Command<PromptResult>): Promise<PromptResult>;
  movePrompt(promptId: string, before: string, command: Command<undefined>): Promise<void>;
  withdrawPrompt(promptId: string, command: Command<undefined>): Promise<void>;
  /** Cancels the turn named, or the one there is. The turn that is being canceled. */
  cancelTurn(turnId: string, clearQueue: boolean, command: Command<string>): Promise<string>;
  resumeTurn(turnId: string, command: Command<string>): Promise<string>;
  update(change: SessionUpdated, etag: string, command: Command<Head>): Promise<Head>;
  /** Answers for what a crash cut off, then goes on. */
  recover(): Promise<void>;
  /** True while it has work or may get some by itself. */
  isBusy(): boolean;
  /** Leaves running work off; resolves when nothing of it runs any more. */
  drop(): Promise<void>;
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

  /** A steering prompt belongs to the turn that runs; without one it opens its own. */
  function deliveryOf(wanted: Delivery): Delivery {
    if (wanted === Delivery.STEER && head().turnId === "") return Delivery.QUEUE;
    return wanted === Delivery.UNSPECIFIED ? Delivery.QUEUE : wanted;
  }

  async function withdrawAll(
    turnId: string,
    isAll: boolean,
    by: Principal,
    answer: (() => AnsweredRequest) | undefined,
  ): Promise<void> {
    const facts = () =>
      takenBack(head().queue, turnId, isAll).map((prompt) => withdrawal(prompt, by));
    await writer.commit(facts, answer && { answer });
  }

  return {
    id: sessionId,
    head,
    async prompt({ parts, delivery: wanted, maxSteps, model }, { by, keep }) {
      const short = await elide(parts, deps.blobs);
      const promptId = deps.mint("prompt");
      const ownTurn = deps.mint("turn");
      let result = { promptId, turnId: ownTurn };
      let running = "";
      const accept = () => {
        if (head().queue.length >= deps.maxQueuedPrompts) throw queueFull(deps.maxQueuedPrompts);
        running = head().turnId;
        const delivery = deliveryOf(wanted);
        result = { promptId, turnId: delivery === Delivery.STEER ? running : ownTurn };
        const said = { promptId, parts: short.parts, delivery, maxSteps, model };
        const accepted = body("promptAccepted", PromptAcceptedSchema, said);
        return [{ turnId: result.turnId, principal: by, body: accepted }];
      };
      await writer.commit(accept, {
        blobs: [...short.blobs, ...namedBlobs(short.parts)],
        ...(keep && { answer: () => keep(result) }),
      });
      const isRunning = running !== "" && head().turnId === running;
      if (wanted === Delivery.INTERRUPT && isRunning) runner.cancel(by);
      runner.wake();
      return result;
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
    async cancelTurn(turnId, clearQueue, { by, keep }) {
      const { canceled, isQueueCut } = cancelOf(head(), turnId, clearQueue);
      const answer = keep && (() => keep(canceled));
      // In one breath: what runs now is canceled, and nothing of the queue begins after it.
      if (canceled !== "") runner.cancel(by, isQueueCut ? undefined : answer);
      if (isQueueCut) await withdrawAll(turnId, clearQueue, by, answer);
      if (turnId === "" || head().turnId !== turnId) return canceled;
      runner.cancel(by); // its turn began before its prompt could be withdrawn
      return turnId;
    },
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
    async update(change, etag, { by, keep }) {
      const updated = () => {
        if (etag !== "" && etag !== head().etag) throw otherEtag(head().etag);
        return [{ principal: by, body: { case: "sessionUpdated" as const, value: change } }];
      };
      await writer.commit(updated, keep && { answer: keep });
      return head();
    },
    recover: () => runner.recover(),
    isBusy: () => runner.isRunning(),
    drop: () => runner.drop(),
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

function queueFull(most: number): DaemonError {
  return new DaemonError(
    "resource_exhausted",
    `${most} prompts wait in this session already; wait for one to be delivered or withdraw one`,
    { reason: "LIMIT_REACHED", metadata: { limit: "max_queued_prompts" }, retryAfter: 1000 },
  );
}

/** Blobs that were uploaded before and are named by a prompt. */
function namedBlobs(parts: readonly Part[]) {
  return parts.flatMap(({ kind }) =>
    kind.case === "blob" ? [{ digest: kind.value.digest, size: Number(kind.value.size) }] : [],
  );
}
