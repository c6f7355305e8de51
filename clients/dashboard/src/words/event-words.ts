import { toJson } from "@bufbuild/protobuf";
import { choiceText } from "@daphnia/client/choice-text";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { Delivery } from "@daphnia/protocol/session";
import { bytesText, costText, durationText, shortCount } from "./figures.ts";
import {
  argumentsText,
  callLabel,
  errorText,
  firstLine,
  outcomeLabel,
  plainWord,
  subjectOf,
  suspendText,
  textOf,
} from "./words.ts";

type Body = Event["body"]["case"];

/** The families that a selector knows, with the start of their bodies' names. */
const starts: readonly (readonly [string, RegExp])[] = [
  ["session", /^session/],
  ["prompt", /^prompt/],
  ["turn", /^turn(?!Reverted)/],
  ["step", /^(step|message)/],
  ["tool", /^(tool|turnReverted)/],
  ["approval", /^approval/],
  ["rules", /^scope/],
  ["daemon", /^(daemon|record|config|access|component)/],
];

/** The family that a body belongs to, as the eye sorts it. */
export function familyOf(body: Body): string {
  return starts.find(([, start]) => start.test(body ?? ""))?.[0] ?? "other";
}

export const families: readonly string[] = starts.map(([name]) => name);

/** `toolCallStarted` as `tool_call_started`. */
export function bodyName(body: Body): string {
  return (body ?? "unknown").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function eventJson(event: Event): string {
  return JSON.stringify(toJson(EventSchema, event), null, 2);
}

/** The tool that an event is about; empty where none. */
export function toolOf({ body }: Event): string {
  if (body.case === "toolCallStarted") return body.value.tool;
  if (body.case === "approvalRequested") return body.value.approval?.tool ?? "";
  if (body.case !== "messageCompleted") return "";
  return toolsOf(body.value.message?.parts ?? []).join(" ");
}

function toolsOf(parts: readonly Part[]): string[] {
  return parts.flatMap(({ kind }) => (kind.case === "toolCall" ? [kind.value.tool] : []));
}

/** What an event says, on one line. */
export function summaryOf({ body }: Event): string {
  switch (body.case) {
    case "sessionCreated":
      return listed([body.value.agent, body.value.model, body.value.cwd, body.value.title]);
    case "sessionUpdated":
      return listed([body.value.title, body.value.model, body.value.cwd, body.value.mode]);
    case "promptAccepted": {
      const { delivery, parts } = body.value;
      const how = delivery > Delivery.QUEUE ? plainWord(Delivery[delivery]) : "";
      return listed([how, firstLine(textOf(parts))]);
    }
    case "turnStarted":
      return body.value.model;
    case "turnSuspended":
      return `waits for ${suspendText(body.value.reason)}`;
    case "turnResumed":
      return `attempt ${body.value.attempt}`;
    case "turnFinished": {
      const { outcome, error, duration, cost } = body.value;
      return listed([
        outcomeLabel(outcome).text,
        errorText(error),
        durationText(duration),
        costText(cost),
      ]);
    }
    case "stepStarted":
      return `${body.value.provider}/${body.value.model}`;
    case "stepRetried":
      return listed([`attempt ${body.value.attempt}`, errorText(body.value.reason)]);
    case "messageCompleted":
      return listed([
        body.value.interrupted ? "cut off" : "",
        saidText(body.value.message?.parts ?? []),
      ]);
    case "stepFinished": {
      const { finishReason, usage, duration } = body.value;
      const tokens =
        usage &&
        `${shortCount(Number(usage.inputTokens))} in, ${shortCount(Number(usage.outputTokens))} out`;
      return listed([finishReason, tokens, durationText(duration)]);
    }
    case "toolCallStarted":
      return listed([body.value.tool, body.value.callId]);
    case "toolCallProgressed":
      return body.value.message;
    case "toolCallFinished": {
      const { status, duration, output, parts } = body.value;
      const printed = output && `printed ${bytesText(Number(output.size))}`;
      return listed([
        callLabel(status).text,
        durationText(duration),
        printed,
        firstLine(textOf(parts)),
      ]);
    }
    case "turnReverted":
      return `${body.value.files.length} files`;
    case "approvalRequested": {
      const { approval } = body.value;
      return approval === undefined ? "" : listed([approval.tool, firstLine(subjectOf(approval))]);
    }
    case "approvalResolved":
      return listed([
        choiceText(body.value.choice),
        body.value.expired ? "in time nobody answered" : "",
        body.value.reason,
      ]);
    default:
      return otherSummary(body);
  }
}

function otherSummary(body: Event["body"]): string {
  switch (body.case) {
    case "sessionDeleted":
      return listed([body.value.sessionId, body.value.reason]);
    case "promptDelivered":
    case "promptWithdrawn":
    case "promptMoved":
      return body.value.promptId;
    case "scopeViolated":
      return body.value.what;
    case "daemonStarted":
      return `version ${body.value.version}, pid ${body.value.pid}`;
    case "daemonStopping":
      return body.value.reason;
    case "recordChanged":
      return listed([body.value.kind, body.value.name, body.value.origin]);
    case "configRejected":
      return `${body.value.file}:${body.value.line}: ${body.value.problem}`;
    case "componentFound":
      return listed([body.value.name, body.value.address]);
    case "componentUp":
      return listed([body.value.name, body.value.version, body.value.tools.join(", ")]);
    case "componentDown":
      return listed([body.value.name, body.value.reason]);
    case "componentRemoved":
      return body.value.name;
    case "accessDenied":
      return listed([body.value.peer, body.value.reason]);
    default:
      return ""; // its name says enough
  }
}

function saidText(parts: readonly Part[]): string {
  const calls = parts.flatMap(({ kind }) =>
    kind.case === "toolCall"
      ? [`${kind.value.tool}(${firstLine(argumentsText(kind.value.arguments), 60)})`]
      : [],
  );
  return listed([firstLine(textOf(parts)), ...calls]);
}

function listed(texts: readonly (string | undefined)[]): string {
  return texts.filter(Boolean).join(" · ");
}
