import type { Agent } from "@daphnia/protocol/agent";
import { PromptDeliveredSchema, TurnErrorKind, TurnStartedSchema } from "@daphnia/protocol/event";
import {
  Delivery,
  type Session as Head,
  type QueuedPrompt,
  TurnOutcome,
} from "@daphnia/protocol/session";
import { messageOf } from "../../base/errors.ts";
import { body, type Facts, facts } from "../agent/facts.ts";
import { answerAll } from "../agent/recover.ts";
import type { TurnDeps } from "../agent/turn-deps.ts";
import { turnEnd } from "../agent/turn-end.ts";
import type { TurnState } from "../agent/turn-state.ts";
import type { Model } from "../model/model.ts";
import type { Tool } from "../tool/tool.ts";
import type { Approvals } from "./approvals.ts";
import type { SessionContext } from "./context.ts";
import type { SessionDeps } from "./session-deps.ts";
import type { HeldSlot } from "./turn-slots.ts";

/** What a turn is begun with. */
export interface TurnOrder {
  /** The prompt that opens it; undefined for one that goes on. */
  readonly prompt: QueuedPrompt | undefined;
  readonly head: () => Head;
  readonly state: () => TurnState;
  readonly context: SessionContext;
  readonly approvals: Approvals;
  readonly slot: HeldSlot;
  /** Makes a write, when there is space for it. */
  readonly parked: <T>(write: () => Promise<T>) => Promise<T>;
}

/** Finds the agent and the model of a turn; where there is none, the facts that end it. */
export async function prepareTurn(
  order: TurnOrder,
  deps: SessionDeps,
): Promise<{ readonly ready: TurnDeps } | { readonly failed: Facts }> {
  const { prompt, head, state } = order;
  const { agent: name, model: sessionModel } = head();
  const agent = deps.agents.get(name);
  if (agent === undefined) {
    const message = `agent "${name}" does not exist any more`;
    return { failed: failedTurn(order, TurnErrorKind.INVALID_REQUEST, message) };
  }
  const named = prompt?.model || state().model || sessionModel || agent.model;
  try {
    const model = await deps.models.open(named || deps.defaultModel());
    return { ready: turnDeps(order, agent, model, deps) };
  } catch (error) {
    return { failed: failedTurn(order, TurnErrorKind.INVALID_REQUEST, messageOf(error)) };
  }
}

function turnDeps(
  { prompt, head, state, context, approvals, parked, slot }: TurnOrder,
  agent: Agent,
  model: Model,
  deps: SessionDeps,
): TurnDeps {
  const { id: sessionId, roots, cwd } = head();
  const tools = createOffer(() => deps.toolsFor(agent));
  return {
    agent,
    model,
    get tools() {
      return tools.now();
    },
    toolOf: tools.find,
    place: {
      ...{ sessionId, roots, closed: deps.closed, cwd },
      ...{ envPass: agent.envPass, hasNetwork: agent.network },
    },
    // The rules that are in force now: a person may have added one since the last call.
    judge: (claims, tool) => deps.judgeFor(agent, head())(claims, tool),
    isGranted: (tool, text) =>
      head().grants.some(
        (grant) => grant.tool === tool && grant.arguments === text && grant.cwd === cwd,
      ),
    resolution: approvals.resolution,
    slot,
    approvalTimeout: () => deps.approvalTimeout,
    maxSteps: prompt?.maxSteps || state().maxSteps || agent.maxSteps || 100,
    maxCalls: deps.maxCalls,
    timeout: deps.turnTimeout,
    retry: deps.retry,
    clock: deps.clock,
    mint: deps.mint,
    random: deps.random,
    blobs: { ...deps.blobs, prepare: (bytes) => parked(() => deps.blobs.prepare(bytes)) },
    arguments: deps.arguments,
    state,
    messages: () => context.messages(),
    lastRequest: () => context.lastRequest(),
    keepRequest: (request) => context.keepRequest(request),
    // Its own prompt still waits where the log was cut between the two.
    steers: () =>
      head().queue.filter(
        ({ delivery, turnId }) => delivery === Delivery.STEER || turnId === state().turnId,
      ),
    openDraft: (name) => {
      const draft = deps.log.openDraft(name, { agent: agent.name, labels: head().labels });
      return { ...draft, flushed: () => parked(() => draft.flushed()) };
    },
    openOutput: ({ callId, tool, step }) => {
      const name = { draftId: callId, sessionId, turnId: state().turnId, step, tool };
      const output = deps.log.openOutput(name, { agent: agent.name, labels: head().labels });
      return { print: output.print, close: () => parked(() => output.close()) };
    },
    isPausing: deps.isStopping,
    onBug: deps.onBug,
  };
}

/** Ends a turn that cannot go on, or cannot even begin. */
export function failedTurn(
  { prompt, state }: Pick<TurnOrder, "prompt" | "state">,
  kind: TurnErrorKind,
  message: string,
): Facts {
  const { turnId, isStarted } = state();
  const promptId = prompt?.promptId ?? "";
  const start = [
    { turnId, body: body("turnStarted", TurnStartedSchema, {}) },
    { turnId, body: body("promptDelivered", PromptDeliveredSchema, { promptId }) },
  ];
  const end = turnEnd(state(), { outcome: TurnOutcome.FAILED, error: { kind, message } }, 0);
  return facts([...(isStarted ? answerAll(state()) : start), end]);
}

/** The tools of a turn: those there are now, and those that there were. */
function createOffer(current: () => readonly Tool[]) {
  const offered = new Map<string, Tool>();
  const now = () => {
    const tools = current();
    for (const tool of tools) offered.set(tool.spec.name, tool);
    return tools;
  };
  return {
    now,
    find: (name: string) => now().find(({ spec }) => spec.name === name) ?? offered.get(name),
  };
}
