import { oneLine } from "./escape-text.ts";
import { timeText } from "./event-line.ts";
import type { Paint, Style } from "./screen.ts";

/** A line of the daemon's log as people read it; what is no JSON stays as it is. */
export function logLine(line: string, paint: Paint): string {
  const fields = fieldsOf(line);
  if (fields === undefined) return oneLine(line);
  const { level, time, msg, ...rest } = fields;
  const [name, style] = levelOf(Number(level));
  const when = typeof time === "string" ? timeText(new Date(time)) : "";
  const more = Object.entries(rest).map(([key, value]) => `${key}=${valueText(value)}`);
  const told = [oneLine(String(msg ?? "")), paint("dim", oneLine(more.join(" ")))];
  return `${paint("dim", when)} ${paint(style, name.padEnd(5))} ${told.join(" ")}`.trimEnd();
}

function fieldsOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line); // an object: it begins with a brace
  } catch {
    return undefined;
  }
}

function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  const isError = typeof value === "object" && value !== null && "message" in value;
  return isError ? String(value.message) : JSON.stringify(value);
}

function levelOf(level: number): [string, Style] {
  if (level >= 50) return ["error", "red"];
  if (level >= 40) return ["warn", "yellow"];
  return level >= 30 ? ["info", "green"] : ["debug", "dim"];
}
