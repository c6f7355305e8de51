import { type Approval, ApprovalKind } from "@daphnia/protocol/approval";
import { ComponentState } from "@daphnia/protocol/component";
import { type TurnError, TurnErrorKind } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { RuleAction } from "@daphnia/protocol/permission";
import type { Principal } from "@daphnia/protocol/principal";
import { SessionState, SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";

/** What a state means for who looks: it chooses the colour. */
export type Tone = "calm" | "run" | "wait" | "fail" | "ok";

export interface Label {
  readonly text: string;
  readonly tone: Tone;
}

export function stateLabel(state: SessionState, outcome: TurnOutcome): Label {
  switch (state) {
    case SessionState.RUNNING:
      return { text: "running", tone: "run" };
    case SessionState.WAITING:
      return { text: "waits for you", tone: "wait" };
    case SessionState.QUEUED:
      return { text: "queued", tone: "wait" };
    case SessionState.SUSPENDED:
      return { text: "suspended", tone: "wait" };
    case SessionState.IDLE:
    case SessionState.UNSPECIFIED:
      return outcome === TurnOutcome.UNSPECIFIED
        ? { text: "new", tone: "calm" }
        : outcomeLabel(outcome);
  }
}

export function outcomeLabel(outcome: TurnOutcome): Label {
  switch (outcome) {
    case TurnOutcome.COMPLETED:
      return { text: "completed", tone: "ok" };
    case TurnOutcome.FAILED:
      return { text: "failed", tone: "fail" };
    case TurnOutcome.CANCELED:
      return { text: "canceled", tone: "calm" };
    case TurnOutcome.INTERRUPTED:
      return { text: "interrupted", tone: "fail" };
    case TurnOutcome.BUDGET:
      return { text: "budget used up", tone: "wait" };
    case TurnOutcome.MAX_STEPS:
      return { text: "too many steps", tone: "wait" };
    case TurnOutcome.UNSPECIFIED:
      return { text: "ended", tone: "calm" };
  }
}

export function callLabel(status: "requested" | "waiting" | "running" | ToolCallStatus): Label {
  if (status === "running") return { text: "running", tone: "run" };
  if (status === "waiting") return { text: "waits for you", tone: "wait" };
  if (status === "requested") return { text: "requested", tone: "calm" };
  if (status === ToolCallStatus.OK) return { text: "ok", tone: "ok" };
  const text = plainWord(ToolCallStatus[status]);
  return { text, tone: status === ToolCallStatus.CANCELED ? "calm" : "fail" };
}

export function suspendText(reason: SuspendReason): string {
  return plainWord(SuspendReason[reason]);
}

/** `MAX_STEPS` as `max steps`. */
export function plainWord(word: string | undefined): string {
  return (word ?? "unknown").toLowerCase().replaceAll("_", " ");
}

export function errorText(error: TurnError | undefined): string {
  if (error === undefined) return "";
  const kind = plainWord(TurnErrorKind[error.kind]);
  return error.message === "" ? kind : `${kind}: ${error.message}`;
}

export function whoText(principal: Principal | undefined): string {
  return principal?.displayName || principal?.id || "";
}

/** The text of what was said; of long parts, what the event holds of them. */
export function textOf(parts: readonly Part[]): string {
  return parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
}

export function firstLine(text: string, most = 120): string {
  const [line = ""] = text.trim().split("\n", 1);
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : line;
}

/** A call's arguments in a few words: `pattern=*.md path=src`. */
export function argumentsText(json: string): string {
  const value = parsed(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return json;
  return Object.entries(value)
    .map(([key, entry]) => `${key}=${typeof entry === "string" ? entry : JSON.stringify(entry)}`)
    .join(" ");
}

/** JSON on several lines; what is none stays as it is. */
export function prettyJson(json: string): string {
  const value = parsed(json);
  return value === undefined ? json : JSON.stringify(value, null, 2);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // it is shown as it is
  }
}

/** The command, path or host that asks, or the question. */
export function subjectOf({ kind, questions, claims, subject, arguments: json }: Approval): string {
  if (kind === ApprovalKind.TRUST) return `use the component ${subject?.component ?? ""}`;
  if (kind === ApprovalKind.QUESTION) return questions.map(({ text }) => text).join(" ");
  const asking = claims.filter(({ action }) => action !== RuleAction.ALLOW);
  const subjects = (asking.length > 0 ? asking : claims).map(({ subject }) => subject);
  return subjects.filter(Boolean).join(", ") || argumentsText(json);
}

export function componentLabel(state: ComponentState): Label {
  const text = plainWord(ComponentState[state]);
  switch (state) {
    case ComponentState.UP:
      return { text, tone: "ok" };
    case ComponentState.CONNECTING:
      return { text, tone: "run" };
    case ComponentState.DOWN:
    case ComponentState.STALE:
      return { text, tone: "fail" };
    case ComponentState.IDLE:
    case ComponentState.UNSPECIFIED:
      return { text, tone: "calm" };
  }
}
