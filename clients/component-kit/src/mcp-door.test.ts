import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpDoor } from "./mcp-door.ts";

describe("the sessions of older clients", () => {
  it("are few: the one that was not used longest makes room", async () => {
    const door = createMcpDoor(() => new McpServer({ name: "x", version: "1" }), {
      onError: (error) => assert.fail(error),
      mostSessions: 2,
    });
    const post = (body: object, session?: string) =>
      door.fetch(
        new Request("http://127.0.0.1/mcp", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            ...(session === undefined ? {} : { "mcp-session-id": session }),
          },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }),
        }),
      );
    const begin = async () => {
      const clientInfo = { name: "c", version: "1" };
      const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
      const response = await post({ method: "initialize", params });
      await response.text();
      return response.headers.get("mcp-session-id") ?? "";
    };
    const ping = async (session: string) => {
      const response = await post({ method: "ping" }, session);
      await response.text();
      return response.status;
    };
    const [first, second] = [await begin(), await begin()];
    assert.deepEqual([await ping(second), await ping(first)], [200, 200]);
    const third = await begin();
    assert.deepEqual([await ping(first), await ping(second), await ping(third)], [200, 404, 200]);
    const left = new Request("http://127.0.0.1/mcp", {
      method: "DELETE",
      headers: { "mcp-session-id": first },
    });
    assert.equal((await door.fetch(left)).status, 200);
    assert.deepEqual([await ping(first), await ping(third)], [404, 200]);
    await door.close();
    assert.equal(await ping(third), 404);
  });
});
