import type { Spending } from "@daphnia/client/spending";
import type {
  AttemptSpan,
  CallSpan,
  Failure,
  SessionSpan,
  StepSpan,
  SuspensionSpan,
  TimeSpan,
  TurnSpan,
} from "@daphnia/client/trace-spans";
import { argumentsText } from "./call-text.ts";
import { oneLine } from "./escape-text.ts";
import { durationText } from "./figures.ts";
import type { Style } from "./screen.ts";

/** A line of a tree, and those below it. */
export interface TraceRow {
  readonly label: string;
  readonly style?: Style;
  readonly time: string;
  /** Absent where no model is called. */
  readonly spent?: Spending;
  readonly below: readonly TraceRow[];
}

/** Milliseconds of waiting from which it is worth a line. */
const worthTelling = 10;

export function rowOfSession(session: SessionSpan): TraceRow {
  const { sessionId, agent, title, turns, children, spent } = session;
  const about = [sessionId, agent, title && `"${title}"`].filter(Boolean).join(" · ");
  return {
    label: oneLine(about),
    style: "bold",
    time: timeText(session),
    spent,
    below: [...turns.map(rowOfTurn), ...children.map(rowOfSession)],
  };
}

function rowOfTurn(turn: TurnSpan): TraceRow {
  const { turnId, status, error, prompt, waited, spent, steps, suspensions, children } = turn;
  const words = status.replaceAll("_", " ");
  const title = `${turnId} ${words}${failureText(error)}`;
  const timed = [
    ...steps.map((step) => ({ at: step.startTime, row: rowOfStep(step) })),
    ...suspensions.map((one) => ({ at: one.startTime, row: rowOfSuspension(one) })),
  ];
  return {
    label: oneLine(prompt === "" ? title : `${title} · "${prompt.trim()}"`),
    style: styles[status] ?? "red",
    time: status === "queued" ? "" : timeText(turn),
    ...(status !== "queued" && { spent }),
    below: [
      ...waitRow("waited for the turns before", waited.forTurns),
      ...waitRow(status === "queued" ? "waits for its turn" : "waited to begin", waited.forSlot),
      ...timed.toSorted((a, b) => a.at - b.at).map(({ row }) => row),
      ...children.map(rowOfSession),
    ],
  };
}

function rowOfSuspension(one: SuspensionSpan): TraceRow {
  const label = `suspended: ${one.reason}`;
  return { label, style: "yellow", time: timeText(one), below: [] };
}

const styles: Readonly<Record<string, Style>> = {
  completed: "green",
  running: "cyan",
  queued: "dim",
  suspended: "yellow",
};

/** A step with one call of the model and nothing else is one line. */
function rowOfStep(step: StepSpan): TraceRow {
  const { model, attempts, calls, children, spent } = step;
  const [only] = attempts;
  const label = `step ${step.step} · ${oneLine(model)}`;
  const isPlain = attempts.length === 1 && calls.length === 0 && children.length === 0;
  if (isPlain && only !== undefined) {
    return { ...rowOfAttempt(only, ""), label: `${label}${attemptText(only)}`, spent };
  }
  // Figures of their own, where the step's are not those of its one model call.
  const hasOwn = attempts.length > 1 || [...calls, ...children].some(({ spent: its }) => its.usage);
  return {
    label,
    time: timeText(step),
    spent,
    below: [
      ...attempts.flatMap((attempt) => [
        ...waitRow(`waited before attempt ${attempt.attempt}`, attempt.waited),
        {
          ...rowOfAttempt(attempt, attempts.length > 1 ? ` ${attempt.attempt}` : ""),
          ...(hasOwn && { spent: attempt.spent }),
        },
      ]),
      ...calls.map(rowOfCall),
      ...children.map(rowOfSession),
    ],
  };
}

function rowOfAttempt(attempt: AttemptSpan, number: string): TraceRow {
  const isBad = attempt.status === "failed" || attempt.status === "interrupted";
  return {
    label: `model${number}${attemptText(attempt)}`,
    ...(isBad && { style: "red" as const }),
    time: timeText(attempt),
    below: [],
  };
}

function attemptText({ status, error, firstToken }: AttemptSpan): string {
  const first = firstToken === undefined ? "" : ` · first token after ${durationText(firstToken)}`;
  return `${status === "ok" ? "" : ` · ${status}`}${failureText(error)}${first}`;
}

function rowOfCall(call: CallSpan): TraceRow {
  const { tool, status, waited, spent, children } = call;
  const isOk = status === "ok";
  const words = isOk ? "" : ` · ${status.replaceAll("_", " ")}`;
  const isGoingOn = ["running", "requested", "waiting"].includes(status);
  return {
    label: oneLine(`${tool} ${argumentsText(call.arguments)}`.trimEnd()) + words,
    ...(!isOk && { style: isGoingOn ? "cyan" : "red" }),
    time: timeText(call),
    ...(children.length > 0 && { spent }),
    below: [...waitRow("waited for a person", waited), ...children.map(rowOfSession)],
  };
}

function waitRow(label: string, milliseconds: number): TraceRow[] {
  if (milliseconds < worthTelling) return [];
  return [{ label, style: "yellow", time: durationText(milliseconds), below: [] }];
}

function failureText(error: Failure | undefined): string {
  if (error === undefined) return "";
  const kind = error.kind.replaceAll("_", " ");
  return oneLine(error.message === "" ? ` · ${kind}` : ` · ${kind}: ${error.message}`);
}

/** What goes on is not over yet. */
function timeText({ duration, endTime }: TimeSpan): string {
  return `${durationText(duration)}${endTime === undefined ? " …" : ""}`;
}
