import { type Duration, type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Money } from "@daphnia/client/spending";
import type { Cost } from "@daphnia/protocol/usage";

/** Amounts as people read them. What is unknown is said to be so, and is never 0. */
export function lengthText(milliseconds: number): string {
  if (milliseconds < 1) return "0 ms";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function millisecondsOf(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

export function durationText(duration: Duration | undefined): string {
  const length = millisecondsOf(duration);
  return length === undefined ? "" : lengthText(length);
}

export function moneyText({ currency, nanos }: Money): string {
  const amount = nanos / 1e9;
  const digits = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2;
  const text = amount.toFixed(digits);
  return currency === "USD" ? `$${text}` : `${text} ${currency}`;
}

export function costText(cost: Cost | undefined, isLeast = false): string {
  if (cost === undefined) return "cost unknown";
  const text = moneyText({ currency: cost.currency, nanos: Number(cost.nanos) });
  return isLeast ? `≥ ${text}` : text;
}

export function countText(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** 1234 as 1.2k: for where there is little room. */
export function shortCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** What is left of a time, in whole seconds: `4:05`. */
export function leftText(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

export function msOf(time: Timestamp | undefined): number {
  return time === undefined ? 0 : timestampMs(time);
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function clockText(time: Timestamp | undefined): string {
  return time === undefined ? "" : clock.format(timestampMs(time));
}

export function dateText(time: Timestamp | undefined): string {
  return time === undefined ? "" : day.format(timestampMs(time));
}
