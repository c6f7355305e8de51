import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import type { Event } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { oneLine, shortened } from "./escape-text.ts";
import { summaryOf } from "./event-summary.ts";
import type { Paint, Style } from "./screen.ts";

/** How lines of events look. */
export interface LineStyle {
  readonly paint: Paint;
  /** Characters in a line. */
  readonly columns: number;
  /** How much of a session's id is shown. */
  readonly session: "whole" | "end" | "none";
}

const nameWidth = 18;

/** One event as one line: when, where, what. It is cut to fit. */
export function eventLine(event: Event, style: LineStyle): string {
  const { paint, columns } = style;
  const time = event.time === undefined ? undefined : timestampDate(event.time);
  const head = headText(time, event.sessionId, String(event.seq), style);
  const name = nameOf(event).padEnd(nameWidth);
  const summary = oneLine(summaryOf(event));
  const fits = shortened(summary, Math.max(16, columns - head.length - name.length - 2));
  return `${paint("dim", head)} ${paint(styleOf(event), name)} ${fits}`.trimEnd();
}

/** What stands before the text of a draft, in line with events. */
export function draftHead(sessionId: string, label: string, at: Date, style: LineStyle): string {
  const head = headText(at, sessionId, "", style);
  return style.paint("dim", `${head} ${oneLine(label).padEnd(nameWidth)} `);
}

function headText(
  time: Date | undefined,
  sessionId: string,
  seq: string,
  { session }: LineStyle,
): string {
  const id = oneLine(sessionId);
  const shown = { whole: ` ${id}`, end: ` …${id.slice(-8)}`, none: "" }[session];
  return `${timeText(time)}${shown} ${seq.padStart(4)}`;
}

/** The body's name as the protocol writes it: `turn_finished`. */
export function nameOf({ body }: Event): string {
  return (body.case ?? "unknown").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The local time of day, to the millisecond. */
export function timeText(date: Date | undefined): string {
  if (date === undefined) return "--:--:--.---";
  const [h, m, s] = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  return `${h}:${m}:${s}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

function styleOf(event: Event): Style {
  if (isBad(event)) return "red";
  const [family = ""] = nameOf(event).split("_");
  return styles[family] ?? "bold";
}

function isBad({ body }: Event): boolean {
  switch (body.case) {
    case "turnFinished":
      return body.value.outcome !== TurnOutcome.COMPLETED;
    case "toolCallFinished":
      return body.value.status !== ToolCallStatus.OK;
    case "approvalResolved":
      return body.value.choice === ApprovalChoice.DENY;
    case "turnReverted":
      return body.value.files.some(({ problem }) => problem !== "");
    case "scopeViolated":
    case "stepRetried":
    case "configRejected":
    case "accessDenied":
      return true;
    default:
      return false; // all others tell of no trouble
  }
}

const styles: Readonly<Record<string, Style>> = {
  session: "magenta",
  prompt: "cyan",
  turn: "green",
  step: "blue",
  message: "blue",
  tool: "yellow",
  approval: "cyan",
  daemon: "magenta",
};
