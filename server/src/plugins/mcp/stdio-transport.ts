import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";

export interface StdioOptions {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Is told of the process before anything is sent to it. */
  readonly onStart: (pid: number) => Promise<void>;
  /** Is told when its group has ended. */
  readonly onExit: (pid: number) => void;
  /** Takes each line that it writes to its standard error: a secret lies within one. */
  readonly onLog: (line: string) => void;
}

export interface StdioTransport extends Transport {
  /** 0 until it is started. */
  pid(): number;
  /** Why it ended; empty until then. */
  why(): string;
}

/** Characters of the longest message, and of what is logged as one line. */
const longestMessage = 16 * 1024 * 1024;
const longestLog = 64 * 1024;
/** Milliseconds that a process has to end when its input is closed, and when it is told to. */
const grace = 1000;
/** Milliseconds that are waited for the end of its output once it has ended. */
const drainTime = 200;

/**
 * Speaks with a program over its standard input and output, one JSON text a line. The
 * program leads a process group, which ends with it: what a chain of wrappers has
 * started does not stay behind.
 */
export function createStdioTransport(options: StdioOptions): StdioTransport {
  let child: ChildProcess | undefined;
  let isClosed = false;
  let why = "";
  /** The leader of its group has ended, or never began. */
  const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();

  function fail(error: unknown): void {
    transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
  }

  function closed(): void {
    if (isClosed) return;
    isClosed = true;
    why ||= ended;
    if (child?.pid !== undefined) options.onExit(child.pid);
    transport.onclose?.();
  }

  /** What it has started ends with it, and so does what they hold open. */
  function exited(code: number | null, signal: NodeJS.Signals | null): void {
    isGone();
    why ||= signal ? `${ended} by ${signal}` : `${ended} with code ${code}`;
    killGroup(child, "SIGKILL");
    setTimeout(closed, drainTime).unref(); // where one that fled holds its output open
  }

  function receive(line: string): void {
    if (line.trim() === "") return;
    try {
      transport.onmessage?.(JSON.parse(line));
    } catch (error) {
      fail(
        new Error(`it wrote a line that is no message: ${line.slice(0, 200)}`, { cause: error }),
      );
    }
  }

  /** The system starts no process: no folder to start it in, or no space for it. */
  function failed(error: Error): void {
    if (child?.pid !== undefined) {
      fail(error);
      return;
    }
    why = `it could not be started: ${error.message}`;
    isGone();
    closed();
  }

  const transport: StdioTransport = {
    pid: () => child?.pid ?? 0,
    why: () => why,
    async start() {
      const [program, ...rest] = options.command;
      // The mark names the group's leader to whoever sweeps after a daemon that died.
      const script = 'export DAPHNIA_GROUP=$$; exec "$@"';
      const started = spawn("/bin/sh", ["-c", script, "sh", program, ...rest], {
        ...{ cwd: options.cwd, env: { ...options.env }, detached: true },
        stdio: ["pipe", "pipe", "pipe"],
      });
      child = started;
      started.on("error", failed);
      started.on("exit", exited);
      started.on("close", closed);
      if (started.pid === undefined) {
        await gone;
        throw new Error(why);
      }
      started.stdin.on("error", fail);
      readLines(started.stderr, longestLog, options.onLog, (rest) => {
        if (rest !== "") options.onLog(rest);
      });
      readLines(started.stdout, longestMessage, receive, (_, isOver) => {
        if (isOver) return; // half a message is none
        why = `it wrote a line of more than ${longestMessage} characters`;
        killGroup(started, "SIGKILL");
      });
      await options.onStart(started.pid);
    },
    async send(message: JSONRPCMessage) {
      const stdin = child?.stdin;
      if (isClosed || !stdin?.writable) throw new Error("the program has ended");
      if (stdin.write(`${JSON.stringify(message)}\n`)) return;
      await new Promise<void>((resolve) => {
        stdin.once("drain", resolve);
        stdin.once("close", resolve);
      });
    },
    async close() {
      if (child === undefined || isClosed) return;
      child.stdin?.end();
      const timers = [
        setTimeout(() => killGroup(child, "SIGTERM"), grace),
        setTimeout(() => killGroup(child, "SIGKILL"), 2 * grace),
      ];
      await gone;
      for (const timer of timers) clearTimeout(timer);
    },
  };
  return transport;
}

/**
 * Reads lines. What is longer than the longest, and what is left without an end, is
 * given to `onRest`. Each piece is looked through once: a line may come in a thousand.
 */
function readLines(
  stream: Readable,
  longest: number,
  onLine: (line: string) => void,
  onRest: (rest: string, isOver: boolean) => void,
): void {
  const decoder = new StringDecoder("utf8");
  let pieces: string[] = [];
  let length = 0;
  const take = () => {
    const line = pieces.join("");
    pieces = [];
    length = 0;
    return line;
  };
  stream.on("data", (chunk: Buffer) => {
    const [first = "", ...more] = decoder.write(chunk).split("\n");
    pieces.push(first);
    length += first.length;
    for (const next of more) {
      onLine(take());
      pieces.push(next);
      length = next.length;
    }
    if (length > longest) onRest(take(), false);
  });
  stream.on("end", () => onRest(take(), true));
}

const ended = "its process ended";

function killGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it.
  }
}
