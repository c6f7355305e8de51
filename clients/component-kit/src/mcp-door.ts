import { randomUUID } from "node:crypto";
import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport as SessionTransport,
} from "@modelcontextprotocol/server";

/** MCP over HTTP, for clients of every revision. */
export interface McpDoor {
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

export interface McpDoorOptions {
  /** Told what went wrong with a request, besides its answer. */
  onError(error: Error): void;
  /** Most sessions of older clients; the one that was not used longest makes room. */
  readonly mostSessions?: number;
}

interface Session {
  readonly server: McpServer;
  readonly transport: SessionTransport;
}

/**
 * Revision 2026-07-28 stands alone in each request. Older clients have sessions: without
 * one, a cancellation could not find the call that it is about.
 */
export function createMcpDoor(createServer: () => McpServer, options: McpDoorOptions): McpDoor {
  const { onError, mostSessions = 64 } = options;
  const modern = createMcpHandler(createServer, { legacy: "reject", onerror: onError });
  const sessions = new Map<string, Session>(); // the one that was used last is last

  async function serveSession(request: Request): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return begin(request);
    const session = sessions.get(id);
    if (session === undefined) {
      const error = { code: -32001, message: "Session not found" };
      return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
    }
    sessions.delete(id);
    sessions.set(id, session);
    return session.transport.handleRequest(request);
  }

  async function begin(request: Request): Promise<Response> {
    const server = createServer();
    const transport: SessionTransport = new SessionTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => keep(id, { server, transport }),
      onsessionclosed: (id) => void sessions.delete(id), // it closes itself
    });
    await server.connect(transport);
    const response = await transport.handleRequest(request);
    if (transport.sessionId === undefined) await server.close(); // it was no `initialize`
    return response;
  }

  async function keep(id: string, session: Session): Promise<void> {
    sessions.set(id, session);
    for (const [oldest, { server }] of sessions) {
      if (sessions.size <= mostSessions) return;
      sessions.delete(oldest);
      await server.close();
    }
  }

  return {
    async fetch(request) {
      return (await isLegacyRequest(request)) ? serveSession(request) : modern.fetch(request);
    },
    async close() {
      await modern.close();
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
      sessions.clear();
    },
  };
}
