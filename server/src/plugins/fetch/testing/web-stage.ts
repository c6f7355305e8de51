import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createRunContext } from "../../../core/tool/testing/run-context.ts";
import type { ToolAnswer } from "../../../core/tool/tool.ts";
import { createFetchTool, type FetchDeps, type FetchSettings } from "../fetch-tool.ts";

/** A real server on one loopback address, and how often it was connected to. */
export interface LocalServer extends AsyncDisposable {
  readonly port: number;
  readonly connections: () => number;
}

export async function startServer(
  listener: RequestListener,
  { host = "127.0.0.1", port = 0 } = {},
): Promise<LocalServer> {
  const server = createServer(listener);
  let connections = 0;
  server.on("connection", () => connections++);
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return {
    port: address.port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

/** An answer as text. */
export interface Said {
  readonly isError: boolean;
  readonly isTimeout: boolean;
  readonly text: string;
}

/** Claims and runs at once, as the daemon would where every rule allows it. */
export async function fetchOnce(
  given: Record<string, unknown>,
  options: Partial<FetchSettings> & Pick<FetchDeps, "resolve"> = {},
  signal = new AbortController().signal,
): Promise<Said> {
  const { resolve, ...settings } = options;
  const tool = createFetchTool({
    settings: () => ({ allow: [], maxBytes: 1_000_000, timeout: 20_000, ...settings }),
    ...(resolve && { resolve }),
  });
  const claimed = await tool.claim(given, place);
  return said(await claimed.run(createRunContext({ signal })));
}

export const place = {
  ...{ sessionId: "s", roots: [], closed: [], cwd: "/" },
  ...{ envPass: [], hasNetwork: false },
};

function said({ parts, isError, isTimeout = false }: ToolAnswer): Said {
  const texts = parts.map(({ kind }) => (kind.case === "text" ? kind.value : ""));
  return { isError, isTimeout, text: texts.join("") };
}
