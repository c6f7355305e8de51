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
  stop(): Promise<void>;
}

export interface DaemonServer extends ServerProcess {
  readonly home: string;
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
}

/** Starts the bundled daemon. */
export async function startDaemon(
  { bundle, command, compileCache }: BenchPackage,
  { home, environment = {}, throughCommand = false }: DaemonOptions = {},
): Promise<DaemonServer> {
  const folder = home === undefined ? temporaryFolder() : undefined;
  const path = home ?? join(folder ?? "", "home");
  const socket = join(path, "run/daphnia.sock");
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const server = await startServer(
    [throughCommand ? command : bundle, "daemon", "run"],
    socket,
    {
      DAPHNIA_HOME: path,
      DAPHNIA_TCP_PORT: "off",
      XDG_CACHE_HOME: compileCache,
      ...environment,
    },
    () => folder !== undefined && remove(folder),
  );
  return { ...server, home: path };
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

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
