import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type ComponentProcess,
  createComponentProcess,
  type Serving,
} from "../../clients/component-kit/src/testing/component-process.ts";

const runtime = "/usr/bin/python3";
const script = join(import.meta.dirname, "words.py");
const skip = existsSync(runtime) ? false : `there is no ${runtime} here`;

describe("a component in Python", { skip }, () => {
  let component: ComponentProcess;
  let serving: Serving;
  before(async () => {
    component = createComponentProcess("words", script, { runtime });
    serving = await component.serve();
  });
  after(() => component?.remove());

  it("is announced as the contract says", () => {
    const { port, token, ...rest } = serving.file;
    const { pid } = serving.child;
    assert.deepEqual(rest, { pid, name: "words", version: "0.1.0", protocol: "1" });
    assert.equal(Buffer.from(token, "base64url").length, 32);
    assert.ok(port > 0);
    assert.equal(statSync(component.portFile).mode & 0o777, 0o600);
  });

  for (const era of ["legacy", "modern"] as const) {
    it(`is used by a client that speaks ${era === "modern" ? "newer revisions too" : "its own"}`, async () => {
      const client = await component.connect(era);
      assert.deepEqual(client.getServerVersion(), { name: "words", version: "0.1.0" });
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        ["count", "reverse"],
      );
      await client.ping();
      const text = "Ein Hüpfer\nim Teich";
      const counted = await client.callTool({ name: "count", arguments: { text } });
      assert.deepEqual(counted.structuredContent, { words: 4, lines: 2, longest: "Hüpfer" });
      const reversed = await client.callTool({ name: "reverse", arguments: { text } });
      assert.deepEqual(reversed.content, [{ type: "text", text: "Teich im Hüpfer Ein" }]);
      const wrong = await client.callTool({ name: "count", arguments: { text: 1 } });
      assert.equal(wrong.isError, true);
    });
  }

  it("lets nobody in without the token, and no foreign name", async () => {
    const bearer = { authorization: `Bearer ${serving.file.token}` };
    const statusOf = (method: string, path: string, headers: Record<string, string>, body = "") =>
      new Promise((resolve, reject) => {
        const { port } = serving.file;
        const asking = request({ port, host: "127.0.0.1", method, path, headers });
        asking.on("error", reject).on("response", (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asking.end(body);
      });
    const statuses = [
      await statusOf("GET", "/health", {}),
      await statusOf("GET", "/health", { host: "evil.example" }),
      await statusOf("POST", "/mcp", {}, "{}"),
      await statusOf("POST", "/mcp", { ...bearer, host: "evil.example" }, "{}"),
      await statusOf("POST", "/other", bearer, "{}"),
      await statusOf("POST", "/mcp", bearer, "nonsense"),
      await statusOf("POST", "/mcp", bearer, "[]"),
      await statusOf("GET", "/mcp", bearer),
    ];
    assert.deepEqual(statuses, [200, 403, 401, 403, 404, 400, 400, 405]);
  });

  it("takes its file along when it ends", async () => {
    serving.child.kill("SIGTERM");
    assert.equal((await serving.ended).code, 0);
    assert.equal(existsSync(component.portFile), false);
  });

  it("is one file of at most 120 lines that needs the standard library alone", async () => {
    const text = await readFile(script, "utf8");
    assert.ok(text.split("\n").length <= 121);
    const imports = [...text.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(imports, ["hmac", "json", "os", "secrets", "signal", "sys", "http"]);
  });
});
