import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { McpServer } from "@modelcontextprotocol/server";
import { type Calls, createCalls } from "./calls.ts";
import type { Definition } from "./definition.ts";
import { pathsOf } from "./home.ts";
import { createHttpDoor } from "./http-door.ts";
import { openLog } from "./log-file.ts";
import { createMcpDoor } from "./mcp-door.ts";
import {
  announce,
  contract,
  isServing,
  type PortFile,
  readPortFile,
  withdraw,
} from "./port-file.ts";

export interface ServeOptions {
  /** Told each line of the log. */
  readonly echo?: (line: string) => void;
  /** Aborted when it is told to end. */
  readonly ending: AbortSignal;
}

/** A component that serves. */
export interface Serving {
  readonly portFile: PortFile;
  /** Takes no more calls, lets running ones finish or aborts them, and takes the file away. */
  close(): Promise<void>;
}

/** The name is taken by an instance that lives. */
export class AlreadyRunning extends Error {
  override readonly name = "AlreadyRunning";
  readonly pid: number;

  constructor(component: string, pid: number) {
    super(`${component} runs already, as process ${pid}`);
    this.pid = pid;
  }
}

/** Milliseconds in which the last answers have to be taken. */
const longestFarewell = 500;

/** Serves a component on a free port of this machine's loopback, and announces it. */
export async function serve(component: Definition, options: ServeOptions): Promise<Serving> {
  const { name, version, tools, grace } = component;
  const { echo, ending } = options;
  const paths = pathsOf(name);
  const log = openLog(paths.log, echo === undefined ? {} : { echo });
  const calls = createCalls(log);
  const token = randomBytes(32).toString("base64url");
  const mcp = createMcpDoor(() => serverOf(component, calls), {
    onError: (error) => log.warn("refused a request", { error: error.message }),
  });
  const http = createHttpDoor({
    token,
    health: { name, version, pid: process.pid },
    mcp: (request) => mcp.fetch(request),
    onError: (error) => log.error("failed to answer", { error }),
  });
  const running = readPortFile(paths.portFile);
  if (running !== undefined && (await isServing(running))) {
    throw new AlreadyRunning(name, running.pid); // before it starts what cannot be done twice
  }
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  await component.start({ signal: ending, log, folder: paths.state });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo; // it listens on TCP
  const portFile = { port, pid: process.pid, token, name, version, protocol: contract };
  const other = await announce(paths.portFile, portFile);
  if (other !== undefined) {
    http.close();
    throw new AlreadyRunning(name, other);
  }
  const leave = () => withdraw(paths.portFile, portFile);
  process.on("exit", leave); // even when it is an error that ends it
  log.info("serves", { port, tools: tools.map((tool) => tool.name) });

  return {
    portFile,
    async close() {
      const closed = once(http, "close");
      http.close();
      await calls.drain(grace);
      await turn(); // so that the last answers are on their way
      leave();
      process.off("exit", leave);
      await mcp.close();
      await turn();
      http.closeIdleConnections();
      const left = setTimeout(() => http.closeAllConnections(), longestFarewell);
      await closed;
      clearTimeout(left);
      log.info("ended");
    },
  };
}

function serverOf({ name, version, description, tools }: Definition, calls: Calls): McpServer {
  const server = new McpServer(
    { name, version, ...(description === "" ? {} : { description }) },
    { capabilities: { tools: {} } },
  );
  for (const tool of tools) {
    server.registerTool(
      tool.name,
      {
        description: tool.description,
        inputSchema: tool.input,
        ...(tool.annotations === undefined ? {} : { annotations: tool.annotations }),
      },
      (input, context) => calls.run(tool, input, context),
    );
  }
  return server;
}
