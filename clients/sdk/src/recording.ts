import type { Delta, Event, StepFinished } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { type ReadBlob, recordedDeltas } from "./cadence.ts";
import { lengthOf, timeOf } from "./event-words.ts";

/** What a session told at one moment, as it told it live. */
export type Recorded = {
  /** Milliseconds since the first of them, without what is left out. */
  readonly at: number;
  /** When it was told, in milliseconds since 1970. */
  readonly time: number;
  /** Milliseconds left out before it, in which nothing ran. */
  readonly skipped: number;
} & (
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "delta"; readonly delta: Delta }
);

type Told =
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "delta"; readonly delta: Delta };

/** Something that was told, and when, in milliseconds since 1970. */
interface Placed {
  readonly time: number;
  /** True where the daemon was down before it. */
  readonly isRecovery: boolean;
  readonly told: Told;
}

/** Events that were committed together. */
interface Moment {
  readonly time: number;
  readonly events: readonly Event[];
  /** When the model call that is open began. */
  readonly callTime: number;
}

/**
 * A session's events with the deltas that were told between them, at the times
 * they were told. Where nothing ran, or only waited for a person, for longer than
 * `longestPause` milliseconds, the rest of that time is left out. Holds no more than
 * what one model call tells.
 */
export async function* recordingOf(
  events: AsyncIterable<Event>,
  readBlob: ReadBlob,
  longestPause: number,
): AsyncGenerator<Recorded> {
  const clock = createClock(longestPause);
  for await (const stretch of stretchesOf(events)) {
    const placed = await Promise.all(stretch.map((moment) => place(moment, readBlob)));
    // What was committed while a message was written stands between its deltas.
    for (const one of placed.flat().toSorted((a, b) => a.time - b.time)) yield clock.next(one);
  }
}

/** Moments up to the end of a model call: its deltas are known only then. */
async function* stretchesOf(events: AsyncIterable<Event>): AsyncGenerator<Moment[]> {
  let stretch: Moment[] = [];
  let callTime: number | undefined;
  for await (const together of momentsOf(events)) {
    const time = together[0] === undefined ? 0 : timeOf(together[0]);
    stretch.push({ time, events: together, callTime: callTime ?? time });
    for (const event of together) callTime = callTimeAfter(event, callTime);
    if (callTime !== undefined) continue;
    yield stretch;
    stretch = [];
  }
  yield stretch;
}

async function* momentsOf(events: AsyncIterable<Event>): AsyncGenerator<readonly Event[]> {
  let together: Event[] = [];
  for await (const event of events) {
    const [first] = together;
    if (first !== undefined && timeOf(first) !== timeOf(event)) {
      yield together;
      together = [];
    }
    together.push(event);
  }
  if (together.length > 0) yield together;
}

/** When the model call that is open after an event began; undefined where none is. */
function callTimeAfter(event: Event, before: number | undefined): number | undefined {
  const { body } = event;
  switch (body.case) {
    case "stepStarted":
      return timeOf(event);
    case "stepRetried":
      return timeOf(event) + (lengthOf(body.value.delay) ?? 0);
    case "messageCompleted":
    case "turnSuspended":
    case "turnFinished":
      return undefined;
    default:
      return before;
  }
}

async function place(moment: Moment, readBlob: ReadBlob): Promise<Placed[]> {
  const { time, events } = moment;
  const isRecovery = events.some((event) => isAfterRestart(event, moment));
  const deltas = await Promise.all(
    events.map(async (event) => {
      const told = await recordedDeltas(event, readBlob);
      const begin = beginOf(moment, event, told.at(-1)?.after ?? 0, isRecovery);
      return told.map(({ after, delta }) => ({
        time: Math.min(time, begin + after),
        isRecovery: false,
        told: { kind: "delta", delta } as const,
      }));
    }),
  );
  const committed = events.map((event) => ({
    time,
    isRecovery,
    told: { kind: "event", event } as const,
  }));
  return [...deltas.flat(), ...committed];
}

/** When the draft of a message was begun, whose last delta came `length` later. */
function beginOf(moment: Moment, message: Event, length: number, isRecovery: boolean): number {
  const { time, callTime } = moment;
  if (isRecovery) return callTime; // when it was cut off is not known
  const latest = time - length;
  const finished = endOf(moment, message);
  const duration = lengthOf(finished?.duration);
  const first = lengthOf(finished?.timeToFirstToken);
  if (duration === undefined || first === undefined) return Math.max(callTime, latest);
  return Math.max(callTime, Math.min(latest, time - duration + first));
}

/** The end of a message's model call, which is committed with it unless it was cut off. */
function endOf({ events }: Moment, { turnId, step }: Event): StepFinished | undefined {
  for (const { body, ...place } of events) {
    if (body.case !== "stepFinished") continue;
    if (place.turnId === turnId && place.step === step) return body.value;
  }
  return undefined;
}

/** True for what a daemon says of a turn that its own end had cut off. */
function isAfterRestart(event: Event, moment: Moment): boolean {
  const { body } = event;
  switch (body.case) {
    case "turnResumed":
      return true;
    case "turnFinished":
      return body.value.outcome === TurnOutcome.INTERRUPTED;
    case "toolCallFinished":
      return body.value.status === ToolCallStatus.INTERRUPTED;
    case "messageCompleted": // of a call that ended while the daemon lived, the time is known
      return body.value.interrupted && endOf(moment, event)?.duration === undefined;
    default:
      return false;
  }
}

/** Gives each its time in the replay. */
function createClock(longestPause: number) {
  let last: number | undefined;
  let at = 0;
  const work = createWork();
  return {
    next({ time, isRecovery, told }: Placed): Recorded {
      const pause = Math.max(0, time - (last ?? time));
      const isIdle = work.isIdle() || isRecovery;
      const skipped = isIdle ? Math.max(0, pause - longestPause) : 0;
      at += pause - skipped;
      last = Math.max(time, last ?? time);
      if (told.kind === "event") work.add(told.event);
      return { at, time, skipped, ...told };
    },
  };
}

/** Whether a turn runs that does not merely wait for a person. */
function createWork() {
  let isRunning = false;
  const calls = new Set<string>();
  const approvals = new Set<string>();
  return {
    isIdle: () => !isRunning || (approvals.size > 0 && calls.size === 0),
    add({ body }: Event): void {
      switch (body.case) {
        case "turnStarted":
        case "turnResumed":
          isRunning = true;
          calls.clear();
          break;
        case "turnSuspended":
        case "turnFinished":
          isRunning = false;
          break;
        case "toolCallStarted":
          calls.add(body.value.callId);
          break;
        case "toolCallFinished":
          calls.delete(body.value.callId);
          break;
        case "approvalRequested":
          approvals.add(body.value.approval?.id ?? "");
          break;
        case "approvalResolved":
          approvals.delete(body.value.approvalId);
          break;
      }
    },
  };
}
