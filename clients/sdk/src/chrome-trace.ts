import type { Spending } from "./spending.ts";
import type { CallSpan, SessionSpan, StepSpan, TimeSpan, TurnSpan } from "./trace-spans.ts";

/** An event of Chrome's trace format: a span, or the name of a process or thread. */
export interface ChromeEvent {
  readonly name: string;
  readonly ph: "X" | "M";
  /** Microseconds since the trace begins. */
  readonly ts: number;
  readonly dur?: number;
  /** A session. */
  readonly pid: number;
  /** 1 for what runs one after the other, 2 and more for calls beside it, 1001 and more for waiting. */
  readonly tid: number;
  readonly args: Readonly<Record<string, string | number>>;
}

/** A file that trace viewers such as Perfetto and speedscope open. */
export interface ChromeTrace {
  readonly traceEvents: readonly ChromeEvent[];
  readonly displayTimeUnit: "ms";
  readonly otherData: { readonly startTime: string };
}

type Times = Pick<TimeSpan, "startTime" | "endTime" | "duration">;
type Args = Readonly<Record<string, string | number>>;

interface Slice {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly from: number;
  readonly to: number;
  readonly args: Args;
}

const mainThread = 1;
const firstQueue = 1001;

/**
 * The tree of a trace as a file for viewers. In each thread spans lie beside or
 * within each other and never cut each other.
 */
export function chromeTrace(root: SessionSpan): ChromeTrace {
  const pids = new Map<string, number>();
  const names = new Map<number, string>();
  const slices: Slice[] = [];
  const waits: Slice[] = [];

  function addSession(session: SessionSpan): void {
    const { sessionId, agent } = session;
    const pid = pids.get(sessionId) ?? pids.size + 1;
    pids.set(sessionId, pid);
    names.set(pid, `${agent} ${sessionId}`);
    for (const turn of session.turns) addTurn(turn, pid);
    for (const child of session.children) addSession(child);
  }

  function addTurn(turn: TurnSpan, pid: number): void {
    const { turnId, model, prompt, waited, steps, suspensions, children } = turn;
    const accepted = turn.startTime - waited.forTurns - waited.forSlot;
    if (accepted < turn.startTime) {
      const name = `waits: ${lineOf(prompt)}`;
      const ends = { from: accepted, to: turn.startTime };
      waits.push({ name, pid, tid: firstQueue, ...ends, args: { turn: turnId, ...waited } });
    }
    if (turn.status === "queued") return;
    const args = { turn: turnId, status: turn.status, model, ...argsOf(turn.spent) };
    const whole = put(slices, { name: `turn: ${lineOf(prompt)}`, pid, args }, turn);
    for (const step of steps) addStep(step, whole);
    for (const { reason, ...times } of suspensions) {
      put(slices, { name: `suspended: ${reason}`, pid, args: {} }, times, whole);
    }
    for (const child of children) addSession(child);
  }

  function addStep(step: StepSpan, turn: Slice): void {
    const { pid } = turn;
    const title = { name: `step ${step.step}`, pid, args: argsOf(step.spent) };
    const whole = put(slices, title, step, turn);
    for (const { attempt, status, error, waited, firstToken, ...times } of step.attempts) {
      if (waited > 0) {
        const pause = {
          startTime: times.startTime - waited,
          endTime: times.startTime,
          duration: 0,
        };
        put(slices, { name: `waits for attempt ${attempt}`, pid, args: {} }, pause, whole);
      }
      const args = {
        attempt,
        status,
        ...(error && { error: `${error.kind}: ${error.message}` }),
        ...(firstToken !== undefined && { firstTokenMs: firstToken }),
      };
      put(slices, { name: step.model, pid, args }, times, whole);
    }
    addCalls(step.calls, whole);
    for (const child of step.children) addSession(child);
  }

  /** Each call goes to the first thread where nothing else runs at that time. */
  function addCalls(calls: readonly CallSpan[], step: Slice): void {
    const ends: number[] = [];
    for (const { call, whole } of calls
      .map(withWaits)
      .toSorted((a, b) => byTimes(a.whole, b.whole))) {
      const free = ends.findIndex((end) => end <= whole.startTime);
      const lane = free < 0 ? ends.length : free;
      ends[lane] = endOf(whole);
      const args = { call: call.callId, status: call.status, arguments: call.arguments };
      const place = { pid: step.pid, tid: mainThread + lane };
      const slice = put(slices, { name: call.tool, args, ...place }, call, step);
      for (const wait of call.waits) {
        const name = `waits for a person: ${call.tool}`;
        const isWithin = wait.startTime >= call.startTime;
        put(slices, { name, args: {}, ...place }, wait, isWithin ? slice : step);
      }
      for (const child of call.children) addSession(child);
    }
  }

  addSession(root);
  const told = [...slices, ...besideEachOther(waits)];
  const zero = told.reduce((least, { from }) => Math.min(least, from), root.startTime);
  return {
    traceEvents: [...titlesOf(told, names), ...told.map((slice) => eventOf(slice, zero))],
    displayTimeUnit: "ms",
    otherData: { startTime: new Date(zero).toISOString() },
  };
}

/** Adds a span, no longer than what it lies in. */
function put(
  slices: Slice[],
  title: Pick<Slice, "name" | "pid" | "args"> & { readonly tid?: number },
  times: Times,
  within?: Slice,
): Slice {
  const [least, most] = [within?.from ?? times.startTime, within?.to ?? endOf(times)];
  const from = Math.min(most, Math.max(least, times.startTime));
  const to = Math.min(most, Math.max(from, endOf(times)));
  const slice = { tid: mainThread, ...title, from, to };
  slices.push(slice);
  return slice;
}

function endOf({ startTime, endTime, duration }: Times): number {
  return endTime ?? startTime + duration;
}

/** A call, and the time that it needs a thread for: it waits where it will run. */
function withWaits(call: CallSpan): { readonly call: CallSpan; readonly whole: Times } {
  const startTime = Math.min(call.startTime, ...call.waits.map((wait) => wait.startTime));
  const endTime = Math.max(endOf(call), ...call.waits.map(endOf));
  return { call, whole: { startTime, endTime, duration: endTime - startTime } };
}

/** What began first comes first; of those that began together, what took no time. */
function byTimes(a: Times, b: Times): number {
  return a.startTime - b.startTime || endOf(a) - endOf(b);
}

/** Waiting prompts of a session wait at the same time: each in a thread where none does. */
function besideEachOther(waits: readonly Slice[]): Slice[] {
  const ends = new Map<number, number[]>();
  return waits
    .toSorted((a, b) => a.from - b.from)
    .map((wait) => {
      const lanes = ends.get(wait.pid) ?? [];
      ends.set(wait.pid, lanes);
      const free = lanes.findIndex((end) => end <= wait.from);
      const lane = free < 0 ? lanes.length : free;
      lanes[lane] = wait.to;
      return { ...wait, tid: firstQueue + lane };
    });
}

function titlesOf(slices: readonly Slice[], names: ReadonlyMap<number, string>): ChromeEvent[] {
  const threads = new Map(slices.map(({ pid, tid }) => [`${pid} ${tid}`, { pid, tid }]));
  const title = (name: string, pid: number, tid: number, text: string): ChromeEvent => ({
    name,
    ph: "M",
    ts: 0, // for viewers that want one on every event
    pid,
    tid,
    args: { name: text },
  });
  return [
    ...[...names].map(([pid, text]) => title("process_name", pid, mainThread, text)),
    ...[...threads.values()].map(({ pid, tid }) => title("thread_name", pid, tid, threadOf(tid))),
  ];
}

function threadOf(tid: number): string {
  if (tid >= firstQueue) return "waiting prompts";
  return tid === mainThread ? "turns" : "calls beside";
}

function eventOf({ name, pid, tid, from, to, args }: Slice, zero: number): ChromeEvent {
  const ts = Math.round((from - zero) * 1000);
  return { name, ph: "X", ts, dur: Math.round((to - zero) * 1000) - ts, pid, tid, args };
}

function argsOf({ usage, cost, costIncomplete }: Spending): Args {
  const amount = cost && `${cost.nanos / 1e9} ${cost.currency}`;
  const known = costIncomplete && amount !== undefined ? `at least ${amount}` : amount;
  return {
    inputTokens: usage?.inputTokens ?? "unknown",
    outputTokens: usage?.outputTokens ?? "unknown",
    cacheReadTokens: usage?.cacheReadTokens ?? "unknown",
    cost: known ?? "unknown",
  };
}

function lineOf(text: string): string {
  const [line = ""] = text.trim().split("\n", 1);
  const characters = [...line];
  return characters.length > 60 ? `${characters.slice(0, 59).join("")}…` : line;
}
