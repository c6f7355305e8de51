import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ComponentProcess, createComponentProcess } from "./testing/component-process.ts";
import { until } from "./testing/until.ts";

const sample = join(import.meta.dirname, "testing/sample.ts");
const eras = ["modern", "legacy"] as const;

describe("a component that serves", () => {
  let component: ComponentProcess;
  beforeEach(() => {
    component = createComponentProcess("sample", sample);
  });
  afterEach(() => component.remove());

  it("announces itself in a file that only its user reads", async () => {
    const { file, child } = await component.serve();
    const { token, port, ...rest } = file;
    assert.deepEqual(rest, { pid: child.pid, name: "sample", version: "1.2.3", protocol: "1" });
    assert.equal(Buffer.from(token, "base64url").length, 32);
    assert.ok(port > 0);
    const modes = [component.portFile, join(component.portFile, ".."), component.log].map(
      (path) => statSync(path).mode & 0o777,
    );
    assert.deepEqual(modes, [0o600, 0o700, 0o600]);
  });

  for (const era of eras) {
    it(`lists and runs its tools for a ${era} client`, async () => {
      await component.serve();
      const client = await component.connect(era);
      assert.deepEqual(client.getServerVersion()?.name, "sample");
      const { tools } = await client.listTools();
      const [greet, sum] = tools;
      assert.deepEqual(
        tools.map(({ name }) => name),
        ["greet", "sum", "picture", "fail", "count", "deaf"],
      );
      assert.deepEqual(greet?.annotations, { readOnlyHint: true });
      assert.deepEqual(greet?.inputSchema.properties?.["name"], {
        type: "string",
        description: "who",
      });
      assert.deepEqual(sum?.inputSchema.required, ["numbers"]);
      const call = async (name: string, args: Record<string, unknown> = {}) => {
        const { content, structuredContent, isError } = await client.callTool({
          name,
          arguments: args,
        });
        return { content, structuredContent, isError };
      };
      const text = (said: string) => [{ type: "text", text: said }];
      assert.deepEqual(await call("greet", { name: "Ada" }), {
        content: text("Hello, Ada!"),
        structuredContent: undefined,
        isError: undefined,
      });
      assert.deepEqual(await call("sum", { numbers: [1, 2] }), {
        content: text('{"sum":3}'),
        structuredContent: { sum: 3 },
        isError: undefined,
      });
      const { content } = await call("picture");
      assert.deepEqual(content, [{ type: "image", data: "aGk=", mimeType: "image/png" }]);
      assert.deepEqual(await call("fail"), {
        content: text("no luck"),
        structuredContent: undefined,
        isError: true,
      });
      for (const wrong of [{ name: 1 }, {}]) {
        assert.equal((await call("greet", wrong)).isError, true);
      }
      assert.equal((await call("sum", { numbers: ["x"] })).isError, true);
    });

    it(`tells a ${era} client how far it is`, async () => {
      await component.serve();
      const client = await component.connect(era);
      const told: unknown[] = [];
      const args = { name: "count", arguments: { to: 3, every: 1 } };
      await client.callTool(args, { onprogress: (progress) => void told.push(progress) });
      assert.deepEqual(
        told,
        [1, 2, 3].map((progress) => ({ progress, total: 3, message: `at ${progress}` })),
      );
    });

    it(`aborts a call that a ${era} client cancels`, async () => {
      await component.serve();
      const client = await component.connect(era);
      const leave = new AbortController();
      const running = client.callTool(
        { name: "count", arguments: { to: 2, every: 600_000 } },
        { signal: leave.signal, onprogress: () => leave.abort() },
      );
      await assert.rejects(running);
      await until(async () => (await component.command("logs")).out.includes("canceled"));
    });

    it(`lets calls of a ${era} client finish when it is told to end`, async () => {
      const { child, ended } = await component.serve();
      const client = await component.connect(era);
      const { content } = await client.callTool(
        { name: "count", arguments: { to: 3, every: 50 } },
        { onprogress: ({ progress }) => progress === 1 && child.kill("SIGTERM") },
      );
      assert.deepEqual(content, [{ type: "text", text: "counted to 3" }]);
      const { code } = await ended;
      assert.equal(code, 0);
      assert.equal(existsSync(component.portFile), false);
    });
  }

  it("aborts what is not done after its grace, and gives up what is deaf", async () => {
    component = createComponentProcess("sample", sample, { environment: { SAMPLE_GRACE: "50" } });
    const { child, ended } = await component.serve();
    const client = await component.connect();
    const calls = [
      client.callTool(
        { name: "count", arguments: { to: 2, every: 600_000 } },
        { onprogress: () => child.kill("SIGTERM") },
      ),
      client.callTool({ name: "deaf" }),
    ];
    const [count, deaf] = await Promise.allSettled(calls);
    assert.equal(count?.status === "fulfilled" && count.value.isError, true);
    assert.equal(deaf?.status, "rejected");
    assert.equal((await ended).code, 0);
  });

  it("runs what it starts once, and tells it of its end", async () => {
    const { child, ended } = await component.serve();
    const folder = join(component.home, "components/sample");
    assert.equal(existsSync(join(folder, "started")), true);
    assert.equal(existsSync(join(folder, "told")), false);
    child.kill("SIGINT");
    await ended;
    assert.equal(existsSync(join(folder, "told")), true);
  });

  it("answers nobody without the token, and no foreign name at all", async () => {
    const { file } = await component.serve();
    const bearer = { authorization: `Bearer ${file.token}` };
    const statusOf = (method: string, path: string, headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        const asking = request({ port: file.port, host: "127.0.0.1", method, path, headers });
        asking.on("error", reject).on("response", (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asking.end();
      });
    const statuses = await Promise.all([
      statusOf("GET", "/health", {}),
      statusOf("GET", "/health", { host: "evil.example" }),
      statusOf("GET", "/health", { host: `evil.example:${file.port}` }),
      statusOf("POST", "/mcp", {}),
      statusOf("POST", "/mcp", { authorization: "Bearer x" }),
      statusOf("POST", "/mcp", { authorization: file.token }),
      statusOf("POST", "/mcp", { ...bearer, host: "evil.example" }),
      statusOf("POST", "/mcp", { ...bearer, origin: "https://evil.example" }),
      statusOf("GET", "/elsewhere", bearer),
      statusOf("GET", "/elsewhere", {}),
    ]);
    assert.deepEqual(statuses, [200, 403, 403, 401, 401, 401, 403, 403, 404, 401]);
    const health = await fetch(`http://127.0.0.1:${file.port}/health`);
    assert.deepEqual(await health.json(), { name: "sample", version: "1.2.3", pid: file.pid });
  });

  it("refuses what is no MCP, and goes on", async () => {
    const { file } = await component.serve();
    const post = async (body: string) => {
      const { status } = await fetch(`http://127.0.0.1:${file.port}/mcp`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${file.token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
        },
        body,
      });
      return status;
    };
    assert.equal(await post("nonsense"), 400);
    assert.equal(await post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}'), 400);
    for (const size of [1, 8 * 1024 * 1024]) {
      assert.equal(await post(" ".repeat(4 * 1024 * 1024 + size)), 413);
    }
    const client = await component.connect();
    assert.equal((await client.listTools()).tools.length, 6);
  });
});
