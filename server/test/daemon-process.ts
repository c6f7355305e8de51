import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Daphnia } from "@daphnia/client";
import { connect } from "@daphnia/client/node";

/** A real daemon in a process and a home of its own. */
export interface DaemonProcess {
  readonly home: string;
  readonly socket: string;
  /** A folder for sessions, beside the home. */
  readonly folder: string;
  /** A client; its connections outlive a restart. */
  readonly client: Daphnia;
  pid(): number;
  start(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Sends SIGTERM; the exit code. */
  stop(): Promise<number>;
  /** Keeps a script, to be played as `scripted/NAME`. */
  script(name: string, toml: string): Promise<void>;
  /** Stops it and removes its folders. */
  remove(): Promise<void>;
}

const entry = join(import.meta.dirname, "test-daemon.ts");

export interface DaemonProcessOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** What stands before the program, such as a tracer and its options. */
  readonly under?: readonly string[];
  /** What its `daphnia.toml` says when it starts. */
  readonly config?: string;
}

/** Starts a daemon and waits until it serves. */
export async function startDaemonProcess(
  options: DaemonProcessOptions = {},
): Promise<DaemonProcess> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "dph-")));
  const home = join(root, "home");
  const folder = join(root, "folder");
  await mkdir(join(home, "scripts"), { recursive: true, mode: 0o700 });
  await mkdir(folder);
  if (options.config !== undefined) await writeFile(join(home, "daphnia.toml"), options.config);
  let child: ChildProcess | undefined;
  /** The daemon's own process; `child` is what it runs under, where there is one. */
  let pid = 0;
  const isOver = () => child === undefined || child.exitCode !== null || child.signalCode !== null;

  const daemon: DaemonProcess = {
    home,
    folder,
    socket: join(home, "run", "daphnia.sock"),
    client: connect({ home }),
    pid: () => pid,
    async start() {
      const [command = process.execPath, ...before] = [...(options.under ?? []), process.execPath];
      child = spawn(command, [...before, entry], {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env["PATH"],
          HOME: process.env["HOME"],
          DAPHNIA_HOME: home,
          DAPHNIA_TCP_PORT: "off",
          ...options.environment,
        },
      });
      pid = await untilReady(child);
    },
    async kill() {
      if (child === undefined || isOver()) return;
      const gone = once(child, "exit");
      process.kill(pid, "SIGKILL");
      await gone;
    },
    async stop() {
      if (child === undefined || isOver()) return child?.exitCode ?? 0;
      const gone = once(child, "exit");
      process.kill(pid, "SIGTERM");
      const [code] = await gone;
      return Number(code);
    },
    script: (name, toml) => writeFile(join(home, "scripts", `${name}.toml`), toml),
    async remove() {
      await daemon.kill();
      await rm(root, { recursive: true, force: true });
    },
  };
  await daemon.start();
  return daemon;
}

/** The daemon's pid, once it serves; rejects with what it said when it ends before. */
async function untilReady(child: ChildProcess): Promise<number> {
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const ready = new Promise<string>((resolve) =>
    child.stdout?.once("data", (line) => resolve(String(line))),
  );
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the daemon ended with ${code} before it served: ${said}`);
  });
  const told: { pid?: unknown } = JSON.parse(await Promise.race([ready, ended]));
  return Number(told.pid);
}
