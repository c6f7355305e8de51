import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// The client is the server workspace's own; here it plays the daemon, in tests alone.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type PortFile, readPortFile } from "../port-file.ts";

/** A home of a test's own, and a component's real program to run in it. */
export interface ComponentProcess {
  readonly home: string;
  readonly portFile: string;
  readonly log: string;
  /** Runs a command of it to its end. */
  command(...args: readonly string[]): Promise<Ended>;
  /** Serves in the foreground; resolves once its port file is there. */
  serve(): Promise<Serving>;
  /** The port file of who serves now. */
  read(): PortFile;
  /** A client that is connected to who serves now; `modern` speaks revision 2026-07-28. */
  connect(era?: "modern" | "legacy"): Promise<Client>;
  /** Ends whatever was started, and removes everything. */
  remove(): Promise<void>;
}

export interface Serving {
  readonly child: ChildProcess;
  readonly file: PortFile;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface ProcessOptions {
  /** What runs the script: Node, or another language's. */
  readonly runtime?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export function createComponentProcess(
  name: string,
  script: string,
  { runtime = process.execPath, environment = {} }: ProcessOptions = {},
): ComponentProcess {
  const root = mkdtempSync(join(tmpdir(), "dpk-"));
  const home = join(root, "home");
  const portFile = join(home, "run", `${name}.port`);
  const log = join(home, "logs", `${name}.log`);
  const env = { PATH: process.env["PATH"] ?? "", HOME: root, DAPHNIA_HOME: home, ...environment };
  const clients: Client[] = [];
  const started: ChildProcess[] = [];

  function spawnIt(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(runtime, [script, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    started.push(child);
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.err += text;
    });
    const ended = once(child, "close").then(([code]) => ({ code, ...said }));
    return { child, ended };
  }

  function read(): PortFile {
    const file = readPortFile(portFile);
    if (file === undefined) throw new Error(`there is no port file at ${portFile}`);
    return file;
  }

  return {
    home,
    portFile,
    log,
    read,
    command: (...args) => spawnIt(args).ended,
    async serve() {
      const { child, ended } = spawnIt(["run"]);
      let end: Ended | undefined;
      void ended.then((how) => {
        end = how;
      });
      for (;;) {
        const file = readPortFile(portFile);
        if (file !== undefined && file.pid === child.pid) return { child, file, ended };
        if (end !== undefined) throw new Error(`it ended: ${JSON.stringify(end)}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async connect(era = "modern") {
      const { port, token } = read();
      const client = new Client(
        { name: "test", version: "1" },
        { versionNegotiation: { mode: era === "modern" ? "auto" : "legacy" } },
      );
      clients.push(client);
      const headers = { Authorization: `Bearer ${token}` };
      const url = new URL(`http://127.0.0.1:${port}/mcp`);
      await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
      return client;
    },
    async remove() {
      await Promise.all(clients.map((client) => client.close()));
      const left = readPortFile(portFile);
      if (left !== undefined && !started.some(({ pid }) => pid === left.pid)) kill(left.pid);
      for (const child of started) child.kill("SIGKILL");
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}
