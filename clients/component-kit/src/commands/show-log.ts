import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { exitCodes } from "../exit-codes.ts";
import { pathsOf } from "../home.ts";

export interface LogView {
  readonly follow: boolean;
  /** This many lines from its end. */
  readonly lines: number;
  readonly json: boolean;
}

const lookEvery = 200;
/** Bytes from the end that are looked through for the last lines. */
const mostTail = 1024 * 1024;
const levels = new Map([
  [30, "info"],
  [40, "warn"],
  [50, "error"],
]);

/** Shows the end of a component's log, and what is added to it. */
export async function showLog(name: string, { follow, lines, json }: LogView): Promise<number> {
  const { log } = pathsOf(name);
  if (!existsSync(log)) {
    process.stderr.write(`there is no log at ${log}: ${name} did not run yet\n`);
    return exitCodes.notRunning;
  }
  const show = (line: string) => process.stdout.write(`${json ? line : textOf(line)}\n`);
  let file = openSync(log, "r");
  let offset = fstatSync(file).size;
  const tail = read(file, Math.max(0, offset - mostTail), offset).split("\n");
  let rest = tail.pop() ?? "";
  for (const line of lines === 0 ? [] : tail.slice(-lines)) show(line);
  while (follow) {
    await pause(lookEvery);
    const { size, ino } = fstatSync(file);
    const added = (rest + read(file, offset, size)).split("\n");
    offset = size;
    rest = added.pop() ?? "";
    for (const line of added) show(line);
    if (statSync(log, { throwIfNoEntry: false })?.ino === ino) continue;
    if (!existsSync(log)) continue; // it is being put aside
    closeSync(file);
    [file, offset, rest] = [openSync(log, "r"), 0, ""];
  }
  closeSync(file);
  return exitCodes.ok;
}

function read(file: number, from: number, to: number): string {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  const count = readSync(file, bytes, 0, bytes.length, from);
  return bytes.subarray(0, count).toString();
}

/** A line as people read it; what is no JSON stays as it is, but commands no terminal. */
function textOf(line: string): string {
  const { level, time, msg, ...rest } = fieldsOf(line);
  if (typeof time !== "string") return visible(line);
  const more = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const name = levels.get(Number(level)) ?? "debug";
  return visible([time, name.padEnd(5), String(msg), ...more].join(" "));
}

function fieldsOf(line: string): Record<string, unknown> {
  if (!line.startsWith("{")) return {};
  try {
    return JSON.parse(line); // an object: it begins with a brace
  } catch {
    return {};
  }
}

function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\u00b7");
}
