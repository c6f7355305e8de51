import { create } from "@bufbuild/protobuf";
import type { Event } from "@daphnia/protocol/event";
import {
  Delivery,
  type QueuedPrompt,
  QueuedPromptSchema,
  type Session,
  SessionSchema,
  SessionState,
  SuspendReason,
} from "@daphnia/protocol/session";
import { type Cost, CostSchema, type Usage } from "@daphnia/protocol/usage";
import type { HeadFold } from "../log/session-writer.ts";
import { addUsage } from "../log/spending.ts";

/** What a session is now: the fold of its events. The only writer of session heads. */
export const sessionHead: HeadFold = {
  apply(head, event) {
    const next: Session = {
      ...(head ?? create(SessionSchema, { id: event.sessionId })),
      lastSeq: event.seq,
    };
    if (event.time) next.updateTime = event.time;
    change(next, event);
    next.state = stateOf(next);
    return next;
  },
  isUnfinished: (head) => head.turnId !== "" || head.queue.length > 0,
};

/** What people allowed for a session, as far as it is remembered. */
const mostGrants = 100;

/** Changes the copy that `apply` made. */
function change(next: Session, event: Event): void {
  const { body } = event;
  switch (body.case) {
    case "sessionCreated":
    case "sessionUpdated":
      changeSettings(next, event);
      break;
    case "promptAccepted":
    case "promptDelivered":
    case "promptWithdrawn":
    case "promptMoved":
      changeQueue(next, event);
      break;
    case "stepFinished":
    case "modelSampled":
      addSpending(next, body.value.usage, body.value.cost);
      break;
    case "approvalRequested":
      next.pendingApprovals++;
      break;
    case "approvalResolved":
      next.pendingApprovals--;
      if (body.value.grant) next.grants = [...next.grants, body.value.grant].slice(-mostGrants);
      break;
    default:
      changeTurn(next, event);
  }
}

function changeSettings(next: Session, { body, seq, time, cause }: Event): void {
  next.etag = String(seq);
  if (body.case === "sessionCreated") {
    const { agent, roots, cwd, mode, title, labels, model } = body.value;
    Object.assign(next, { agent, roots, cwd, mode, title, labels, model });
    if (time) next.createTime = time;
    if (cause) next.parent = cause;
  } else if (body.case === "sessionUpdated") {
    const { title, labels, model, cwd, roots, mode } = body.value;
    next.title = title ?? next.title;
    next.labels = labels?.values ?? next.labels;
    next.model = model ?? next.model;
    next.cwd = cwd ?? next.cwd;
    next.mode = mode ?? next.mode;
    next.roots = roots?.paths ?? next.roots;
  }
}

function changeQueue(next: Session, event: Event): void {
  const { body } = event;
  switch (body.case) {
    case "promptAccepted":
      next.queue = enqueue(next.queue, toQueued(event, body.value));
      next.title ||= firstLine(body.value.parts);
      return;
    case "promptDelivered":
    case "promptWithdrawn": {
      const { promptId } = body.value;
      next.queue = next.queue.filter((prompt) => prompt.promptId !== promptId);
      return;
    }
    case "promptMoved":
      next.queue = move(next.queue, body.value.promptId, body.value.beforePromptId);
      return;
  }
}

function changeTurn(next: Session, { body, turnId, seq }: Event): void {
  switch (body.case) {
    case "turnStarted":
      next.turnId = turnId;
      next.turnSeq = seq;
      return;
    case "turnSuspended":
      next.suspendReason = body.value.reason;
      return;
    case "turnResumed":
      next.suspendReason = SuspendReason.UNSPECIFIED;
      return;
    case "turnFinished":
      next.turnId = "";
      next.turnSeq = 0n;
      next.suspendReason = SuspendReason.UNSPECIFIED;
      next.lastOutcome = body.value.outcome;
      return;
  }
}

function stateOf(head: Session): SessionState {
  if (head.turnId === "") return head.queue.length > 0 ? SessionState.QUEUED : SessionState.IDLE;
  if (head.suspendReason !== SuspendReason.UNSPECIFIED) return SessionState.SUSPENDED;
  return head.pendingApprovals > 0 ? SessionState.WAITING : SessionState.RUNNING;
}

/** Interrupting prompts go first, steering ones ahead of those that queue. */
function enqueue(queue: readonly QueuedPrompt[], prompt: QueuedPrompt): QueuedPrompt[] {
  const rank = ({ delivery }: QueuedPrompt) =>
    delivery === Delivery.INTERRUPT ? 0 : delivery === Delivery.STEER ? 1 : 2;
  const at = queue.findIndex((waiting) => rank(waiting) > rank(prompt));
  return at < 0 ? [...queue, prompt] : queue.toSpliced(at, 0, prompt);
}

function move(queue: readonly QueuedPrompt[], promptId: string, before: string): QueuedPrompt[] {
  const moved = queue.filter((prompt) => prompt.promptId === promptId);
  const rest = queue.filter((prompt) => prompt.promptId !== promptId);
  const at = rest.findIndex((prompt) => prompt.promptId === before);
  return at < 0 ? [...rest, ...moved] : [...rest.slice(0, at), ...moved, ...rest.slice(at)];
}

function toQueued(
  event: Event,
  accepted: Extract<Event["body"], { case: "promptAccepted" }>["value"],
): QueuedPrompt {
  const { promptId, delivery, parts, maxSteps, model, unattended } = accepted;
  return create(QueuedPromptSchema, {
    promptId,
    seq: event.seq,
    turnId: delivery === Delivery.STEER ? "" : event.turnId,
    delivery,
    parts,
    maxSteps,
    model,
    unattended,
    ...(event.principal && { principal: event.principal }),
    ...(event.time && { acceptTime: event.time }),
  });
}

function firstLine(
  parts: readonly { kind: { case?: string | undefined; value?: unknown } }[],
): string {
  for (const { kind } of parts) {
    if (kind.case === "text" && typeof kind.value === "string")
      return beginning(kind.value.trim().split("\n", 1)[0] ?? "");
  }
  return "";
}

/** At most 120 code points. */
function beginning(line: string): string {
  return Array.from(line.slice(0, 240)).slice(0, 120).join("");
}

function addSpending(next: Session, usage: Usage | undefined, cost: Cost | undefined): void {
  if (usage !== undefined) next.usage = addUsage(next.usage, usage);
  if (cost === undefined) next.costIncomplete = true;
  else if (next.cost === undefined || next.cost.currency === cost.currency) {
    const nanos = (next.cost?.nanos ?? 0n) + cost.nanos;
    next.cost = create(CostSchema, { currency: cost.currency, nanos });
  } else next.costIncomplete = true;
}
