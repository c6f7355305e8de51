import type {
  AttemptSpan,
  CallSpan,
  SessionSpan,
  StepSpan,
  TimeSpan,
  TurnSpan,
} from "@daphnia/client/trace-spans";
import { argumentsText } from "../words/words.ts";

/** A stretch of a bar; what waits is hatched. */
export interface Bar {
  readonly kind: "model" | "before" | "tool" | "wait" | "failed" | "child";
  readonly from: number;
  readonly to: number;
  /** True where it goes on. */
  readonly isOpen: boolean;
}

/** One row of a waterfall. */
export type WaterfallRow =
  | {
      readonly kind: "turn";
      readonly key: string;
      readonly turn: TurnSpan;
      readonly number: number;
      readonly isOpen: boolean;
    }
  | { readonly kind: "axis"; readonly key: string; readonly from: number; readonly to: number }
  | {
      readonly kind: "span";
      readonly key: string;
      readonly lane: "model" | "tool" | "wait" | "child";
      readonly title: string;
      readonly about: string;
      readonly status: string;
      readonly time: TimeSpan;
      readonly isSlowest: boolean;
      readonly bars: readonly Bar[];
      readonly href: string;
      readonly from: number;
      readonly to: number;
    };

type SpanRow = Extract<WaterfallRow, { kind: "span" }>;

/** The turns of a session, newest last, each on a scale of its own. */
export function waterfallOf(
  session: SessionSpan,
  {
    isOpen,
    now,
    firstNumber,
  }: {
    readonly isOpen: (turnId: string) => boolean;
    readonly now: number;
    readonly firstNumber: number;
  },
): readonly WaterfallRow[] {
  return session.turns.flatMap((turn, place): WaterfallRow[] => {
    const open = isOpen(turn.turnId);
    const head = {
      kind: "turn",
      key: turn.turnId,
      turn,
      number: firstNumber + place,
      isOpen: open,
    } as const;
    if (!open || turn.status === "queued") return [head];
    const scale = scaleOf(turn, now);
    return [
      head,
      { kind: "axis", key: `${turn.turnId} axis`, ...scale },
      ...spansOf(session.sessionId, turn, now).map((row) => ({ ...row, ...scale })),
    ];
  });
}

function scaleOf(turn: TurnSpan, now: number) {
  const from = turn.startTime;
  return { from, to: Math.max(from + 1, turn.endTime ?? now) };
}

type Unscaled = Omit<SpanRow, "from" | "to">;

function spansOf(sessionId: string, turn: TurnSpan, now: number): Unscaled[] {
  const calls = turn.steps.flatMap((step) => step.calls);
  const slowest = calls.toSorted((a, b) => b.duration - a.duration)[0];
  const isSlowest = (call: CallSpan) => calls.length > 1 && call === slowest && call.duration > 0;
  const rows = turn.steps.flatMap((step) => [
    ...step.attempts.map((attempt) => modelRow(sessionId, turn, step, attempt, now)),
    ...step.calls.flatMap((call) => [
      callRow(sessionId, turn, step, call, isSlowest(call), now),
      ...call.children.map((child) => childRow(child, now)),
    ]),
    ...step.children.map((child) => childRow(child, now)),
  ]);
  const suspended = turn.suspensions.map(
    (one, place): Unscaled => ({
      kind: "span",
      key: `${turn.turnId} suspended ${place}`,
      lane: "wait",
      title: "suspended",
      about: `waits for ${one.reason}`,
      status: one.endTime === undefined ? "waiting" : "",
      time: one,
      isSlowest: false,
      bars: [barOf("wait", one, now)],
      href: "",
    }),
  );
  return [...rows, ...suspended, ...turn.children.map((child) => childRow(child, now))];
}

function modelRow(
  sessionId: string,
  turn: TurnSpan,
  step: StepSpan,
  attempt: AttemptSpan,
  now: number,
): Unscaled {
  const { startTime, firstToken, waited, status, error } = attempt;
  const whole = barOf(status === "failed" ? "failed" : "model", attempt, now);
  const first = firstToken === undefined ? startTime : Math.min(whole.to, startTime + firstToken);
  return {
    kind: "span",
    key: `${turn.turnId} ${step.step} ${attempt.attempt}`,
    lane: "model",
    title: `step ${step.step}${attempt.attempt > 1 ? `, attempt ${attempt.attempt}` : ""}`,
    about: error ? `${error.kind}: ${error.message}` : step.model,
    status,
    time: attempt,
    isSlowest: false,
    bars: [
      ...(waited > 0
        ? [{ kind: "wait", from: startTime - waited, to: startTime, isOpen: false } as const]
        : []),
      ...(first > startTime
        ? [{ kind: "before", from: startTime, to: first, isOpen: false } as const]
        : []),
      { ...whole, from: first },
    ],
    href: `/sessions/${sessionId}/turns/${turn.turnId}/steps/${step.step}`,
  };
}

function callRow(
  sessionId: string,
  turn: TurnSpan,
  step: StepSpan,
  call: CallSpan,
  isSlowest: boolean,
  now: number,
): Unscaled {
  const isBad = !["ok", "running", "waiting", "requested", "canceled"].includes(call.status);
  return {
    kind: "span",
    key: call.callId,
    lane: "tool",
    title: call.tool,
    about: argumentsText(call.arguments),
    status: call.status,
    time: call,
    isSlowest,
    bars: [
      ...(call.duration > 0 || call.status === "running"
        ? [barOf(isBad ? "failed" : "tool", call, now)]
        : []),
      ...call.waits.map((wait) => barOf("wait", wait, now)),
    ],
    href: `/sessions/${sessionId}/turns/${turn.turnId}/steps/${step.step}#${call.callId}`,
  };
}

function childRow(child: SessionSpan, now: number): Unscaled {
  return {
    kind: "span",
    key: `child ${child.sessionId}`,
    lane: "child",
    title: child.agent,
    about: child.title || child.sessionId,
    status: child.endTime === undefined ? "running" : "ok",
    time: child,
    isSlowest: false,
    bars: [barOf("child", child, now)],
    href: `/sessions/${child.sessionId}/timeline`,
  };
}

function barOf(kind: Bar["kind"], { startTime, endTime }: TimeSpan, now: number): Bar {
  return {
    kind,
    from: startTime,
    to: Math.max(startTime, endTime ?? now),
    isOpen: endTime === undefined,
  };
}

/** Round times within a scale, in milliseconds from its start. */
export function ticksOf(length: number): readonly number[] {
  const rough = length / 5;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? power;
  const ticks: number[] = [];
  for (let tick = 0; tick < length; tick += step) ticks.push(tick);
  return ticks;
}
