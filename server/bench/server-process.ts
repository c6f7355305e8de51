import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchPackage } from "./bench-package.ts";
import { openRawClient } from "./raw-client.ts";

/** A server in a process of its own that answers on a unix socket. */
export interface ServerProcess {
  readonly socket: string;
  readonly pid: number;
  /** Milliseconds from its start to the end of its first answer. */
  readonly readyAfter: number;
  /** MB that it holds in memory now. */
  resident(): number;
  /** Milliseconds of processor time that it took so far, in steps of ten. */
  processor(): number;
  stop(): Promise<void>;
}

export interface DaemonServer extends ServerProcess {
  readonly home: string;
  /** How long its event loop was held up since this was asked last; where it is `watchedLoop`. */
  loopDelay(): Promise<LoopDelay>;
}

/** In milliseconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Looks at the clock of which these are quantiles. */
  readonly count: number;
}

type Environment = Readonly<Record<string, string>>;

/** A folder for sockets and homes; short, since a socket's path has at most 107 bytes. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "dphb-"));
}

/** Starts a bare server of this folder: what Node itself costs. */
export async function startBare(script: string, ...args: string[]): Promise<ServerProcess> {
  const folder = temporaryFolder();
  const socket = join(folder, "bare.sock");
  const file = join(import.meta.dirname, script);
  return startServer([file, socket, ...args], socket, {}, () => remove(folder));
}

export interface DaemonOptions {
  /** Default: a new home, removed in the end. */
  readonly home?: string;
  readonly environment?: Environment;
  /** The package's command instead of the bare bundle. */
  readonly throughCommand?: boolean;
  /** Measures its event loop from inside. */
  readonly watchedLoop?: boolean;
}

/** Starts the bundled daemon. */
export async function startDaemon(
  { bundle, command, compileCache }: BenchPackage,
  { home, environment = {}, throughCommand = false, watchedLoop = false }: DaemonOptions = {},
): Promise<DaemonServer> {
  const folder = home === undefined ? temporaryFolder() : undefined;
  const path = home ?? join(folder ?? "", "home");
  const socket = join(path, "run/daphnia.sock");
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const loopSocket = join(path, "run/loop.sock");
  rmSync(loopSocket, { force: true });
  const preload = watchedLoop ? ["--import", join(import.meta.dirname, "loop-delay.js")] : [];
  const server = await startServer(
    [...preload, throughCommand ? command : bundle, "daemon", "run"],
    socket,
    {
      DAPHNIA_HOME: path,
      DAPHNIA_TCP_PORT: "off",
      XDG_CACHE_HOME: compileCache,
      ...(watchedLoop && { BENCH_LOOP_SOCKET: loopSocket }),
      ...environment,
    },
    () => folder !== undefined && remove(folder),
  );
  return { ...server, home: path, loopDelay: () => readLoopDelay(loopSocket) };
}

async function readLoopDelay(path: string): Promise<LoopDelay> {
  let said = "";
  for await (const chunk of connectSocket(path).setEncoding("utf8")) said += chunk;
  return JSON.parse(said); // loop-delay.js says nothing else
}

async function startServer(
  args: readonly string[],
  socket: string,
  environment: Environment,
  cleanUp: () => unknown,
): Promise<ServerProcess> {
  rmSync(socket, { force: true });
  const began = performance.now();
  const child = spawn(process.execPath, [...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
  });
  const said = hear(child);
  const client = openRawClient(await untilOpen(socket, child, said));
  await client.getInfo();
  const readyAfter = performance.now() - began;
  client.close();
  return {
    socket,
    pid: child.pid ?? 0,
    readyAfter,
    resident: () => residentOf(child.pid ?? 0),
    processor: () => processorOf(child.pid ?? 0),
    async stop() {
      const gone = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGTERM");
      await gone;
      cleanUp();
    },
  };
}

function hear(child: ChildProcess): () => string {
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said = `${said}${chunk}`.slice(-2000);
  });
  return () => said;
}

/** Milliseconds between two tries to connect. */
const lookEvery = 2;

async function untilOpen(path: string, child: ChildProcess, said: () => string): Promise<Socket> {
  for (;;) {
    const socket = await tryConnect(path);
    if (socket !== undefined) return socket;
    if (child.exitCode !== null) throw new Error(`the server ended: ${said()}`);
    await sleep(lookEvery);
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}

/** Linux tells it in kB. */
function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Linux counts in hundredths of a second, in user and in kernel mode. */
function processorOf(pid: number): number {
  const [, afterName = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user = Number.NaN, kernel = Number.NaN] = afterName.split(" ").slice(11, 13).map(Number);
  return (user + kernel) * 10;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
