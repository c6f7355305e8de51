import type {
  Client,
  JsonSchemaValidatorResult,
  StreamableHTTPClientTransport,
  Transport,
} from "@modelcontextprotocol/client";
import { messageOf } from "../../base/errors.ts";
import {
  type ComponentDriver,
  type Endpoint,
  ForeignEndpointError,
  type Link,
  type RemoteTool,
} from "../../core/component/link.ts";
import { cappedFetch } from "./capped-fetch.ts";
import { connectError } from "./connect-error.ts";
import { createLook } from "./look-for.ts";
import { createCalls } from "./mcp-calls.ts";
import { readingTools } from "./resource-tools.ts";
import { createStdioTransport, type StdioTransport } from "./stdio-transport.ts";

export interface McpDriverOptions {
  /** What the daemon calls itself. */
  readonly version: string;
  /** Is told of each process that is started, before it is spoken with, and of its end. */
  readonly onProcess: (name: string, pid: number) => Promise<void>;
  readonly onExit: (name: string, pid: number) => void;
  /** Takes each line that a component writes to its standard error. */
  readonly onLog: (name: string, line: string) => void;
}

/** Milliseconds that a program of the older revision may be silent when it is asked for the newer. */
const olderTime = 2000;

/** Connects with MCP servers. The client library is loaded with the first of them. */
export function createMcpDriver(options: McpDriverOptions): ComponentDriver {
  return {
    async connect(name, endpoint, onTools, signal) {
      const { Client, StreamableHTTPClientTransport: http } = await import(
        "@modelcontextprotocol/client"
      );
      const { promise: down, resolve: fall } = Promise.withResolvers<string>();
      const calls = createCalls();
      let tools: ToolLists = { all: [], reading: [] };
      /** One after the other: what was asked for last counts. */
      let listing = Promise.resolve();
      const client: Client = new Client(
        { name: "daphnia", version: options.version },
        {
          capabilities: { roots: {}, sampling: {}, elicitation: { form: {} } },
          // What does not fit its own schema is what the server answered all the same.
          jsonSchemaValidator: { getValidator: () => anything },
          versionNegotiation: { mode: "auto", probe: { timeoutMs: olderTime } },
          listChanged: {
            tools: {
              autoRefresh: false,
              onChanged() {
                listing = listing.then(refresh).catch((error) => fall(messageOf(error)));
              },
            },
          },
        },
      );
      calls.answerFor(client);

      const isReading = (tool: string) => tools.reading.some(({ name }) => name === tool);

      async function refresh(): Promise<void> {
        tools = await listTools(client);
        onTools();
      }

      const { stdio, transport } = openTransport(name, endpoint, options, http);
      const closing = new AbortController();
      const look =
        endpoint.kind === "http"
          ? createLook(new URL(endpoint.url), fall, closing.signal)
          : async () => {};
      client.onerror = () => void look();
      client.onclose = () => fall(stdio?.why() ?? "the connection was closed");
      // The client knows its transport only once it has agreed on a revision with it.
      const abandon = () => void transport.close().catch(() => {}); // nobody waits for it any more
      signal.addEventListener("abort", abandon, { once: true });
      try {
        signal.throwIfAborted();
        await client.connect(transport, { signal });
        signal.throwIfAborted();
        checkName(client, endpoint);
        tools = await listTools(client, signal);
      } catch (error) {
        closing.abort();
        const problem = problemOf(error, endpoint, stdio);
        await client.close().catch(() => {}); // what went wrong before is what counts
        await transport.close().catch(() => {});
        throw signal.aborted ? signal.reason : problem;
      } finally {
        signal.removeEventListener("abort", abandon);
      }
      const version = client.getServerVersion();
      const link: Link = {
        serverName: version?.name ?? "",
        version: version?.version ?? "",
        protocol: client.getNegotiatedProtocolVersion() ?? "",
        pid: stdio?.pid() ?? (endpoint.kind === "http" ? endpoint.pid : 0),
        tools: () => tools.all,
        down,
        call: (call) => calls.call(client, call, isReading, look),
        async ping(milliseconds) {
          const modern = client.getProtocolEra() === "modern";
          await (modern
            ? client.discover({ timeout: milliseconds })
            : client.ping({ timeout: milliseconds }));
        },
        async close() {
          closing.abort();
          await client.close();
        },
      };
      return link;
    },
  };
}

function openTransport(
  name: string,
  endpoint: Endpoint,
  { onProcess, onExit, onLog }: McpDriverOptions,
  Http: typeof StreamableHTTPClientTransport,
): { readonly transport: Transport; readonly stdio?: StdioTransport } {
  if (endpoint.kind === "http") {
    const requestInit = { headers: endpoint.headers, redirect: "error" } as const;
    return { transport: new Http(new URL(endpoint.url), { fetch: cappedFetch, requestInit }) };
  }
  const { command, env, cwd } = endpoint;
  const stdio = createStdioTransport({
    ...{ command, env, cwd },
    onStart: (pid) => onProcess(name, pid),
    onExit: (pid) => onExit(name, pid),
    onLog: (line) => onLog(name, line),
  });
  return { transport: stdio, stdio };
}

/** What a program's end says is more than that the connection is closed. */
function problemOf(error: unknown, endpoint: Endpoint, stdio: StdioTransport | undefined): unknown {
  if (endpoint.kind === "http") return connectError(error, endpoint);
  return stdio?.why() ? new Error(stdio.why(), { cause: error }) : error;
}

interface ToolLists {
  readonly all: readonly RemoteTool[];
  /** Those by which resources and prompts are read: they are made here. */
  readonly reading: readonly RemoteTool[];
}

async function listTools(client: Client, signal?: AbortSignal): Promise<ToolLists> {
  const own = await listOwnTools(client, signal);
  const reading = readingTools(client, own);
  return { all: [...own, ...reading], reading };
}

async function listOwnTools(client: Client, signal?: AbortSignal): Promise<RemoteTool[]> {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const { tools } = await client.listTools(undefined, {
    cacheMode: "refresh",
    ...(signal && { signal }),
  });
  return tools.map(({ name, description, title, inputSchema, annotations }) => ({
    name,
    description: description ?? title ?? "",
    parameters: JSON.stringify(inputSchema),
    isReadOnly: annotations?.readOnlyHint === true,
    isIdempotent: annotations?.idempotentHint === true,
  }));
}

function checkName(client: Client, endpoint: Endpoint): void {
  if (endpoint.kind !== "http" || endpoint.serverName === undefined) return;
  const told = client.getServerVersion()?.name;
  if (told === endpoint.serverName) return;
  throw new ForeignEndpointError(`the server there calls itself "${told}"`);
}

/** Takes a result as it is: the library's own validator would cost more memory than all else. */
function anything<T>(input: unknown): JsonSchemaValidatorResult<T> {
  return { valid: true, data: input as T, errorMessage: undefined }; // it goes on as JSON, whatever it is
}
