import { type Duration, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Event, type TurnError, TurnErrorKind } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import type { Failure } from "./trace-spans.ts";

/** When an event was committed, in milliseconds since 1970. */
export function timeOf({ time }: Event): number {
  return time === undefined ? 0 : timestampMs(time);
}

/** Milliseconds, to the microsecond; undefined where the daemon did not tell. */
export function lengthOf(duration: Duration | undefined): number | undefined {
  return duration && toMicroseconds(Number(duration.seconds) * 1000 + duration.nanos / 1e6);
}

/** Milliseconds without what no clock of ours can tell. */
export function toMicroseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** A value of a protobuf enum as the protocol writes it, in lower case: `max_steps`. */
export function wordOf(values: Readonly<Record<number, string>>, value: number): string {
  return (values[value] ?? "unknown").toLowerCase();
}

export function failureOf(error: TurnError | undefined): Failure | undefined {
  return error && { kind: wordOf(TurnErrorKind, error.kind), message: error.message };
}

/** The text of what was said; of long parts, what the event holds of them. */
export function textOf(parts: readonly Part[]): string {
  return parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
}
