import { randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/** The version of the contract between components and the daemon: docs/components.md. */
export const contract = "1";

/** What a component says of itself in `run/NAME.port`. */
export interface PortFile {
  readonly port: number;
  readonly pid: number;
  /** What every request must carry, as `Authorization: Bearer`. */
  readonly token: string;
  readonly name: string;
  readonly version: string;
  /** The version of the contract. */
  readonly protocol: string;
}

/** How long an instance may take to say that it is there. */
const longestAnswer = 1000;

/**
 * Announces a component, or tells the pid of the instance that has the name. Two that
 * start at once end up with one port file:
 * P1 a file appears whole: it is written beside its place and linked into it, which fails
 *    where one is;
 * P2 a file is taken away only by who has seen that nobody serves behind it, and put back
 *    when another came in between.
 */
export async function announce(path: string, file: PortFile): Promise<number | undefined> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700); // it may have been made by somebody careless
  const temporary = aside(path);
  writeFileSync(temporary, `${JSON.stringify(file)}\n`, { mode: 0o600, flag: "wx" });
  try {
    for (;;) {
      if (isLinked(temporary, path)) return undefined;
      const text = readText(path);
      const other = text === undefined ? undefined : parse(text);
      if (other !== undefined && (await isServing(other))) return other.pid;
      if (text !== undefined) takeAway(path, text);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The port file of a component; nothing where there is none, or where it is not understood. */
export function readPortFile(path: string): PortFile | undefined {
  const text = readText(path);
  return text === undefined ? undefined : parse(text);
}

/** When a port file was written: since then its component serves. */
export function servesSince(path: string): Date {
  return statSync(path).mtime;
}

/** Removes a port file, if it is still that of the one who asks. */
export function withdraw(path: string, { pid, token }: PortFile): void {
  const found = readPortFile(path);
  if (found?.pid === pid && found.token === token) rmSync(path, { force: true });
}

/**
 * Whether the instance of a port file is there. A process that lives is not enough: after
 * a restart of the machine its id is somebody else's. One that lives and says nothing may
 * be stopped or busy, and counts as there.
 */
export async function isServing({ port, pid, name }: PortFile): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health`, {
      signal: AbortSignal.timeout(longestAnswer),
    });
    const health: unknown = await answer.json();
    return isRecord(health) && health["pid"] === pid && health["name"] === name;
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError";
  }
}

/** Whether a process lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, "EPERM");
  }
}

/** A name beside a path, which no reader takes for a port file. */
function aside(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** Removes a file that reads like this; puts back what turns out to be another (P2). */
function takeAway(path: string, text: string): void {
  const taken = aside(path);
  try {
    renameSync(path, taken);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  if (readText(taken) !== text) isLinked(taken, path);
  rmSync(taken, { force: true });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function parse(text: string): PortFile | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined; // written by something else, or by hand
  }
  if (!isRecord(file)) return undefined;
  const { port, pid, token, name, version, protocol } = file;
  if (!Number.isInteger(port) || !Number.isInteger(pid) || Number(pid) <= 0) return undefined;
  const texts = [token, name, version, protocol];
  if (!texts.every((value) => typeof value === "string")) return undefined;
  return {
    port: Number(port),
    pid: Number(pid),
    token: String(token),
    name: String(name),
    version: String(version),
    protocol: String(protocol),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
