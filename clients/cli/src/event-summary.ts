import {
  type Event,
  type StepFinished,
  type ToolCallFinished,
  type TurnError,
  TurnErrorKind,
  type TurnFinished,
} from "@daphnia/protocol/event";
import { Delivery, SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { costText, protoDurationText, tokensText } from "./figures.ts";
import { partsText } from "./part-text.ts";

/** What an event says, in words that are not yet escaped. */
export function summaryOf({ body }: Event): string {
  switch (body.case) {
    case "sessionCreated":
      return listed([body.value.agent, body.value.model, body.value.cwd, body.value.title]);
    case "sessionUpdated":
      return Object.entries(body.value)
        .filter(([key, value]) => !key.startsWith("$") && value !== undefined)
        .map(([key, value]) => (typeof value === "string" ? `${key}=${value}` : key))
        .join(" ");
    case "sessionDeleted":
      return listed([body.value.sessionId, body.value.reason]);
    case "promptAccepted": {
      const { delivery, parts } = body.value;
      const how = delivery > Delivery.QUEUE ? (Delivery[delivery]?.toLowerCase() ?? "") : "";
      return listed([how, `"${partsText(parts)}"`]);
    }
    case "promptDelivered":
    case "promptWithdrawn":
      return body.value.promptId;
    case "promptMoved":
      return `${body.value.promptId} before ${body.value.beforePromptId || "none"}`;
    case "turnStarted":
      return body.value.model;
    case "turnSuspended":
      return `waits for ${SuspendReason[body.value.reason]?.toLowerCase() ?? "something"}`;
    case "turnResumed":
      return `attempt ${body.value.attempt}`;
    case "turnFinished":
      return turnText(body.value);
    case "stepStarted":
      return `${body.value.provider}/${body.value.model}`;
    case "stepRetried":
      return listed([`attempt ${body.value.attempt}`, errorText(body.value.reason)]);
    case "messageCompleted": {
      const { interrupted, message } = body.value;
      return `${interrupted ? "(interrupted) " : ""}${partsText(message?.parts ?? [])}`;
    }
    case "stepFinished":
      return stepText(body.value);
    case "toolCallStarted":
      return `${body.value.tool} ${body.value.callId}`;
    case "toolCallProgressed":
      return body.value.message;
    case "toolCallFinished":
      return callText(body.value);
    case "daemonStarted":
      return `version ${body.value.version}, pid ${body.value.pid}, ${body.value.recovered} recovered`;
    case "daemonStopping":
      return body.value.reason;
    case "recordChanged":
      return listed([`${body.value.kind} ${body.value.name}`, body.value.origin]);
    case "configRejected":
      return `${body.value.file}:${body.value.line}: ${body.value.problem}`;
    case "accessDenied":
      return `${body.value.count} of ${body.value.peer}: ${body.value.reason}`;
    case undefined:
      return "an event of a newer daemon";
  }
}

/** Why a turn or a step failed. */
export function errorText(error: TurnError | undefined): string {
  if (error === undefined) return "";
  const kind = TurnErrorKind[error.kind]?.toLowerCase().replaceAll("_", " ") ?? "";
  return error.message === "" ? kind : `${kind}: ${error.message}`;
}

export function outcomeText(outcome: TurnOutcome): string {
  return TurnOutcome[outcome]?.toLowerCase().replaceAll("_", " ") ?? "ended";
}

export function statusText(status: ToolCallStatus): string {
  return ToolCallStatus[status]?.toLowerCase().replaceAll("_", " ") ?? "ended";
}

function turnText({ outcome, error, usage, cost, duration }: TurnFinished): string {
  const amounts = [tokensText(usage), costText(cost), protoDurationText(duration)];
  return listed([outcomeText(outcome), errorText(error), ...amounts]);
}

function stepText({ finishReason, usage, cost, duration }: StepFinished): string {
  return listed([finishReason, tokensText(usage), costText(cost), protoDurationText(duration)]);
}

function callText({ status, duration, parts }: ToolCallFinished): string {
  return listed([statusText(status), protoDurationText(duration), partsText(parts)]);
}

function listed(texts: readonly string[]): string {
  return texts.filter(Boolean).join(" · ");
}
