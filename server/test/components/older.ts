import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

/**
 * A server of the older library: `stdio`, or `http PORT`. Its tools change: each call of
 * `grow` adds one.
 */
function createOlder(): McpServer {
  const server = new McpServer({ name: "older", version: "1.0.0" });
  let grown = 0;
  server.registerTool("pid", { description: "Answers its process." }, () => said(`${process.pid}`));
  server.registerTool("grow", { description: "Adds a tool." }, () => {
    grown++;
    const name = `grown-${grown}`;
    const description = "Was not there before.";
    server.registerTool(name, { description }, () => said(`I am ${name}`));
    return said(`there is ${name} now`);
  });
  const hangs = { description: "Tells that it begins, and never answers." };
  server.registerTool("hang", hangs, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken;
    if (progressToken !== undefined) {
      const params = { progressToken, progress: 1, total: 10 };
      await sendNotification({ method: "notifications/progress", params });
    }
    return new Promise(() => {});
  });
  return server;
}

function said(text: string) {
  return { content: [{ type: "text" as const, text }] };
}

const [, , how, port] = process.argv;
if (how === "http") {
  createServer(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({});
    await createOlder().connect(transport);
    await transport.handleRequest(request, response);
  }).listen(Number(port), "127.0.0.1");
} else await createOlder().connect(new StdioServerTransport());
