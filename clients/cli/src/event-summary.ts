import { basename } from "node:path";
import { choiceText } from "@daphnia/client/choice-text";
import {
  type ApprovalResolved,
  type ComponentDown,
  type ComponentUp,
  type Event,
  type FileChange,
  type ModelSampled,
  type StepFinished,
  type ToolCallFinished,
  type ToolCallProgressed,
  type TurnError,
  TurnErrorKind,
  type TurnFinished,
} from "@daphnia/protocol/event";
import { Delivery, SuspendReason, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { answerText, subjectText } from "./approval-text.ts";
import { bytesText, costText, protoDurationText, tokensText } from "./figures.ts";
import { partsText } from "./part-text.ts";
import { principalText, type Who } from "./principal-text.ts";

/** What an event says, in words that are not yet escaped. */
export function summaryOf({ body, principal }: Event): string {
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
      return progressText(body.value);
    case "modelSampled":
      return sampledText(body.value);
    case "toolCallFinished":
      return callText(body.value);
    case "turnReverted": {
      const left = body.value.files.filter(({ problem }) => problem !== "");
      const back = body.value.files.length - left.length;
      const why = left.map(({ path, problem }) => `${path}: ${problem}`);
      return listed([`${body.value.turnId}: ${countText(back, "file")} put back`, ...why]);
    }
    case "approvalRequested": {
      const { approval } = body.value;
      return approval === undefined ? "" : listed([subjectText(approval), approval.id]);
    }
    case "approvalResolved":
      return resolvedText(body.value, principal);
    case "scopeViolated":
      return `${body.value.what} · ${body.value.callId}`;
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
    case "componentFound":
      return listed([body.value.name, body.value.address]);
    case "componentUp":
      return upText(body.value);
    case "componentDown":
      return downText(body.value);
    case "componentRemoved":
      return body.value.name;
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

function callText({ status, duration, output, changes, parts }: ToolCallFinished): string {
  const printed = output === undefined ? "" : `printed ${bytesText(Number(output.size))}`;
  const facts = [protoDurationText(duration), printed, changesText(changes)];
  return listed([statusText(status), ...facts, partsText(parts)]);
}

/** What a call did to files, in a few words: `a.txt +3 -1`. */
export function changesText(changes: readonly FileChange[]): string {
  return changes.map(({ path, diff }) => `${basename(path)}${diffCount(diff)}`).join(", ");
}

function diffCount(diff: string): string {
  const lines = diff.split("\n").filter((line) => !/^(\+\+\+|---) /.test(line));
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  return diff === "" ? "" : ` +${count("+")} -${count("-")}`;
}

/** How an approval was answered, by whom and from where. */
export function resolvedText(resolved: ApprovalResolved, who: Who | undefined): string {
  const { choice, expired, reason, answers, peer } = resolved;
  if (expired) return listed(["nobody answered in time: denied", resolved.approvalId]);
  // Its call got its answer without: the turn was canceled, or the daemon decided anew.
  if (who === undefined) return listed(["nobody was asked any more", reason, resolved.approvalId]);
  const from = peer === "" || peer === "socket" ? "" : ` from ${peer}`;
  const told = answers.map(answerText).filter(Boolean);
  const how = `${choiceText(choice)} by ${principalText(who)}${from}`;
  return listed([how, reason, told.join(", "), resolved.approvalId]);
}

function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function listed(texts: readonly string[]): string {
  return texts.filter(Boolean).join(" · ");
}

function progressText({ done, total, message }: ToolCallProgressed): string {
  const share = total > 0 ? `${Math.round((100 * done) / total)} %` : "";
  return listed([share, message]);
}

function sampledText({ model, usage, cost }: ModelSampled): string {
  return listed([model, tokensText(usage), costText(cost)]);
}

function upText({ name, version, tools, trusted }: ComponentUp): string {
  return listed([name, version, countText(tools.length, "tool"), trusted ? "" : "not trusted yet"]);
}

function downText({ name, reason, calls }: ComponentDown): string {
  return listed([name, reason, calls > 0 ? `${countText(calls, "call")} ended` : ""]);
}
