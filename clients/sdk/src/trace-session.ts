import type { Event } from "@daphnia/protocol/event";
import { Delivery, type EventRef } from "@daphnia/protocol/session";
import { textOf, timeOf } from "./event-words.ts";
import { nothingSpent } from "./spending.ts";
import { type ChildrenOf, callPlace } from "./trace-calls.ts";
import type { TurnSpan } from "./trace-spans.ts";
import { stepPlace } from "./trace-step.ts";
import { createTurnFold, type TurnFold, turnPlace } from "./trace-turn.ts";

/** An event of one session that made another session, or a turn of it, happen. */
export interface Link {
  readonly from: EventRef;
  /** Empty for a whole session. */
  readonly turnId: string;
}

/** One session, as far as its events tell it. */
export interface SessionFold {
  add(event: Event): void;
  readonly head: { agent: string; title: string; startTime: number | undefined };
  /** What other sessions' events made of it. */
  links(): readonly Link[];
  /** What an event of it belongs to; the session itself for those of no turn. */
  placeOf(seq: bigint): string;
  /** Those that began in order, then those that wait. */
  turnIds(): readonly string[];
  span(turnId: string, now: number, childrenOf: ChildrenOf): TurnSpan | undefined;
}

interface Prompt {
  readonly promptId: string;
  readonly turnId: string;
  readonly text: string;
  readonly acceptTime: number;
  readonly model: string;
  readonly isSteer: boolean;
}

export function createSessionFold(sessionId: string): SessionFold {
  const head = { agent: "", title: "", startTime: undefined as number | undefined };
  const turns = new Map<string, TurnFold>();
  const waiting = new Map<string, Prompt>();
  const places = new Map<bigint, string>();
  const links: Link[] = [];
  let lastEnd: number | undefined;

  function link(event: Event): void {
    const { cause, turnId, body } = event;
    if (cause === undefined || cause.sessionId === sessionId) return;
    if (body.case === "sessionCreated") links.push({ from: cause, turnId: "" });
    if (body.case !== "promptAccepted" || body.value.delivery === Delivery.STEER) return;
    links.push({ from: cause, turnId });
  }

  function accept(event: Event): void {
    const { body, turnId } = event;
    if (body.case !== "promptAccepted") return;
    const { promptId, parts, delivery, model } = body.value;
    const text = textOf(parts);
    head.title ||= text.trim().split("\n", 1)[0] ?? "";
    const isSteer = delivery === Delivery.STEER;
    const acceptTime = timeOf(event);
    waiting.set(promptId, { promptId, turnId, text, acceptTime, model, isSteer });
  }

  function addToTurn(event: Event): void {
    const { body, turnId } = event;
    if (body.case === "turnStarted" && !turns.has(turnId)) {
      turns.set(turnId, createTurnFold(turnId, timeOf(event), body.value.model));
    }
    const turn = turns.get(turnId);
    if (body.case === "promptDelivered") {
      const prompt = waiting.get(body.value.promptId);
      if (prompt) turn?.open(prompt, lastEnd);
      waiting.delete(body.value.promptId);
    }
    turn?.add(event);
    lastEnd = turn?.endTime() ?? lastEnd;
  }

  return {
    head,
    add(event) {
      const { body } = event;
      head.startTime ??= timeOf(event);
      places.set(event.seq, placeOfEvent(event));
      link(event);
      switch (body.case) {
        case "sessionCreated":
          head.agent = body.value.agent;
          head.title = body.value.title;
          break;
        case "sessionUpdated":
          head.title = body.value.title ?? head.title;
          break;
        case "promptAccepted":
          accept(event);
          break;
        case "promptWithdrawn":
          waiting.delete(body.value.promptId);
          break;
        default:
          if (event.turnId !== "") addToTurn(event);
      }
    },
    links: () => links,
    placeOf: (seq) => places.get(seq) ?? "",
    turnIds: () => [
      ...turns.keys(),
      ...[...waiting.values()].filter(({ isSteer }) => !isSteer).map(({ turnId }) => turnId),
    ],
    span(turnId, now, childrenOf) {
      const begun = turns.get(turnId);
      if (begun !== undefined) return begun.span(now, childrenOf);
      const prompt = [...waiting.values()].find((one) => one.turnId === turnId);
      return prompt && queued(prompt, lastEnd, turns, now, childrenOf);
    },
  };
}

function placeOfEvent({ body, turnId, step }: Event): string {
  if (body.case === "toolCallStarted" || body.case === "toolCallFinished") {
    return callPlace(body.value.callId);
  }
  if (body.case === "toolCallProgressed") return callPlace(body.value.callId);
  if (body.case === "approvalRequested") return callPlace(body.value.approval?.callId ?? "");
  if (step > 0) return stepPlace(turnId, step);
  return turnId === "" ? "" : turnPlace(turnId);
}

/** A prompt whose turn has not begun: nothing but its waiting. */
function queued(
  { turnId, text, acceptTime, model }: Prompt,
  lastEnd: number | undefined,
  turns: ReadonlyMap<string, TurnFold>,
  now: number,
  childrenOf: ChildrenOf,
): TurnSpan {
  const isBusy = [...turns.values()].at(-1)?.endTime() === undefined && turns.size > 0;
  const ready = isBusy ? now : Math.min(now, Math.max(acceptTime, lastEnd ?? 0));
  const forTurns = Math.max(0, ready - acceptTime);
  return {
    turnId,
    status: "queued",
    error: undefined,
    model,
    prompt: text,
    startTime: now,
    endTime: undefined,
    duration: 0,
    waited: { forTurns, forSlot: Math.max(0, now - acceptTime - forTurns) },
    time: { model: 0, tools: 0, waiting: 0, other: 0 },
    spent: nothingSpent,
    steps: [],
    suspensions: [],
    children: childrenOf(turnPlace(turnId)),
  };
}
