import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { messageOf } from "../../base/errors.ts";
import type { OutputPipes } from "./output-pipes.ts";
import { signalGroup, startTimeOf } from "./process-identity.ts";
import { groupMark } from "./sweep-orphans.ts";

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process in a group of its own that waits to become a command.
 *
 * G1: nothing of the command runs before `open`.
 * G2: without `open` it ends when this process does, however that ends.
 * G3: when `ended` resolves, its whole group was killed.
 */
export interface Gate {
  readonly pid: number;
  readonly startTime: string;
  /** What it prints, errors among it, in order. */
  readonly output: Socket;
  readonly ended: Promise<ProcessEnd>;
  open(): void;
  /** Ends it with its group: asks, and after `grace` ms asks no more. */
  stop(grace: number): void;
}

/** The shell becomes the command when it is told to; the end of the pipe is a no. */
const script = `read -r _ <&3 && export ${groupMark}=$$ && exec "$@" 3<&-`;

export async function startGate(
  words: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly pipes: OutputPipes;
  },
): Promise<Gate> {
  const { cwd, environment: env, pipes } = options;
  const { output, descriptor } = await pipes.take();
  let child: ChildProcess;
  try {
    child = spawn("/bin/sh", ["-c", script, "gate", ...words], {
      ...{ cwd, env, detached: true },
      stdio: ["ignore", descriptor, descriptor, "pipe"],
    });
    await once(child, "spawn");
  } catch (error) {
    output.destroy();
    throw new Error(`no command can start in ${cwd}: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(descriptor);
  }
  const { pid } = child;
  const key = child.stdio[3];
  if (pid === undefined || !(key instanceof Writable)) throw new Error("a gate without a key");
  // A gate that is gone has no use for its key; its end says what happened.
  key.on("error", () => {});
  const gone = once(child, "exit");
  const ended = gone.then(([code, signal]): ProcessEnd => {
    key.destroy();
    signalGroup(pid, "SIGKILL");
    return { code, signal };
  });
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  return {
    ...{ pid, output, ended },
    startTime: (await startTimeOf(pid)) ?? "",
    open: () => void key.end("go\n"),
    stop(grace) {
      if (isOver) return;
      signalGroup(pid, grace > 0 ? "SIGTERM" : "SIGKILL");
      if (grace <= 0) return;
      const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), grace);
      void ended.then(() => clearTimeout(timer));
    },
  };
}
