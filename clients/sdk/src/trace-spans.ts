import type { Spending } from "./spending.ts";

/** A stretch of time, in milliseconds since 1970; one that goes on has no end yet. */
export interface TimeSpan {
  readonly startTime: number;
  readonly endTime: number | undefined;
  /** Milliseconds; of one that goes on, so far. */
  readonly duration: number;
}

/** A session, or those of its turns that one event made happen. */
export interface SessionSpan extends TimeSpan {
  readonly sessionId: string;
  readonly agent: string;
  readonly title: string;
  /** The event of another session that made this one. */
  readonly parent: { readonly sessionId: string; readonly seq: number } | undefined;
  /** The sum of its turns' times; children run meanwhile. `duration` is the same. */
  readonly time: TimeSpent;
  /** Of all its turns, children included. */
  readonly spent: Spending;
  readonly turns: readonly TurnSpan[];
  /** Sessions that nothing within its turns made happen. */
  readonly children: readonly SessionSpan[];
}

/** What a time went by with: the four add up to it. */
export interface TimeSpent {
  readonly model: number;
  /** While at least one tool call ran that waited for nobody. */
  readonly tools: number;
  /** For a person while no call ran; suspended; or pausing before another attempt. */
  readonly waiting: number;
  readonly other: number;
}

/** A turn; one that is `queued` is a prompt whose turn has not begun. */
export interface TurnSpan extends TimeSpan {
  readonly turnId: string;
  /** `queued`, `running`, `suspended`, or how it ended, such as `completed` or `max_steps`. */
  readonly status: string;
  readonly error: Failure | undefined;
  /** `provider/model`. */
  readonly model: string;
  /** The text that opened it. */
  readonly prompt: string;
  /** Before it began: until the turns before it had ended, and from then on. */
  readonly waited: { readonly forTurns: number; readonly forSlot: number };
  readonly time: TimeSpent;
  readonly spent: Spending;
  readonly steps: readonly StepSpan[];
  readonly suspensions: readonly SuspensionSpan[];
  readonly children: readonly SessionSpan[];
}

export interface SuspensionSpan extends TimeSpan {
  /** What it waited for, such as `provider`. */
  readonly reason: string;
}

/** A step, from its model call's start to the end of its last tool call. */
export interface StepSpan extends TimeSpan {
  readonly step: number;
  /** `provider/model`. */
  readonly model: string;
  /** Of its model calls alone. */
  readonly own: Spending;
  /** Children included. */
  readonly spent: Spending;
  readonly attempts: readonly AttemptSpan[];
  readonly calls: readonly CallSpan[];
  readonly children: readonly SessionSpan[];
}

/** One call of the model. */
export interface AttemptSpan extends TimeSpan {
  readonly attempt: number;
  /** `running`, `ok`, `failed`, or `interrupted`. */
  readonly status: string;
  /** Why it was made again, where it was. */
  readonly error: Failure | undefined;
  /** Milliseconds that were waited before it. */
  readonly waited: number;
  /** Milliseconds to the first piece of the answer, where it is known. */
  readonly firstToken: number | undefined;
  readonly spent: Spending;
}

/** One tool call; it has no times of its own where it was refused. */
export interface CallSpan extends TimeSpan {
  readonly callId: string;
  readonly tool: string;
  /** The JSON text as the model wrote it. */
  readonly arguments: string;
  /** `requested`, `waiting`, `running`, or how it ended, such as `ok` or `tool_error`. */
  readonly status: string;
  /** Milliseconds that it waited for people, in all of `waits`. */
  readonly waited: number;
  /** When it waited for people: as a rule before it began. */
  readonly waits: readonly TimeSpan[];
  /** Of its children. */
  readonly spent: Spending;
  readonly children: readonly SessionSpan[];
}

export interface Failure {
  /** Such as `rate_limit`. */
  readonly kind: string;
  readonly message: string;
}
