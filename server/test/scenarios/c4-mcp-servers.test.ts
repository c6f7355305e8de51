import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ApprovalChoice, ApprovalKind } from "@daphnia/protocol/approval";
import type { Event } from "@daphnia/protocol/event";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { componentOf, untilTold } from "../component-process.ts";
import { createSession, endOf, eventsUntil, logOf, prompt, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { freePort } from "../free-port.ts";

const require = createRequire(import.meta.url);
const programs = {
  everything: require.resolve("@modelcontextprotocol/server-everything/dist/index.js"),
  filesystem: require.resolve("@modelcontextprotocol/server-filesystem/dist/index.js"),
  memory: require.resolve("@modelcontextprotocol/server-memory/dist/index.js"),
};
const bridge = require
  .resolve("mcp-proxy/package.json")
  .replace(/package\.json$/, "dist/bin/mcp-proxy.mjs");
const changing = join(import.meta.dirname, "..", "components", "older.ts");
const node = process.execPath;

const table = (name: string, command: readonly string[]) => `
[components.${name}]
trust = true
command = ${JSON.stringify(command)}
`;

const byUrl = (name: string, port: number) => `
[components.${name}]
trust = true
url = "http://127.0.0.1:${port}/mcp"
`;

const script = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "NAME__get-tiny-image"
    arguments = {}
    [[turn.step.call]]
    tool = "NAME__trigger-long-running-operation"
    arguments = { duration = 0.4, steps = 4 }
    [[turn.step.call]]
    tool = "NAME__get-structured-content"
    arguments = { location = "Chicago" }
    [[turn.step.call]]
    tool = "NAME__get-resource-reference"
    arguments = { resourceType = "Text", resourceId = 1 }
  [[turn.step]]
  say = "{{result.1}}"
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "NAME__trigger-long-running-operation"
    arguments = { duration = 600, steps = 6000 }
`;

const elicits = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "everything-io__trigger-elicitation-request"
    arguments = {}
  [[turn.step]]
  say = "{{result.0}}"
`;

const samples = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "everything-io__trigger-sampling-request"
    arguments = { prompt = "Say a word." }
  [[turn.step]]
  say = "{{result.0}}"
`;

describe("C4: servers of the MCP project", () => {
  let daemon: DaemonProcess;
  const bridges: ChildProcess[] = [];
  const serve = (environment: Record<string, string>, ...args: string[]) => {
    const env = { PATH: process.env["PATH"], ...environment };
    bridges.push(spawn(node, args, { env, stdio: "ignore" }));
  };

  before(async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const [everything, files, memory] = ports;
    daemon = await startDaemonProcess();
    const { folder, home } = daemon;
    await writeFile(join(folder, "note.txt"), "what the note says");
    serve({ PORT: String(everything) }, programs.everything, "streamableHttp");
    const bridged = (port: number, ...command: string[]) => {
      const options = ["--host", "127.0.0.1", "--port", String(port), "--server", "stream"];
      serve({}, bridge, ...options, "--", node, ...command);
    };
    bridged(files, programs.filesystem, folder);
    bridged(memory, programs.memory);
    const config = [
      '[limits]\ncomponent_retry_pause = "100ms"\n',
      table("everything-io", [node, programs.everything, "stdio"]),
      table("files-io", [node, programs.filesystem, folder]),
      table("memory-io", [node, programs.memory]),
      table("changing", [node, changing, "stdio"]),
      byUrl("everything-http", everything),
      byUrl("files-http", files),
      byUrl("memory-http", memory),
    ];
    await writeFile(join(home, "daphnia.toml"), config.join(""));
    await daemon.client.daemon.reload({});
    for (const name of ["everything", "files", "memory"]) {
      for (const transport of ["io", "http"])
        await untilTold(daemon, "componentUp", `${name}-${transport}`);
    }
  });
  after(async () => {
    for (const child of bridges) child.kill("SIGKILL");
    await daemon.remove();
  });

  const call = async (component: string, tool: string, parameters: unknown) => {
    const given = { component, tool, arguments: JSON.stringify(parameters) };
    const { status, parts } = await daemon.client.components.callTool(given);
    const text = parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
    return { status, text };
  };

  for (const transport of ["io", "http"]) {
    it(`filesystem reads a file, over ${transport}`, async () => {
      const path = join(daemon.folder, "note.txt");
      const { status, text } = await call(`files-${transport}`, "read_text_file", { path });
      assert.deepEqual([status, text], [ToolCallStatus.OK, "what the note says"]);
      const outside = await call(`files-${transport}`, "read_text_file", { path: "/etc/passwd" });
      assert.equal(outside.status, ToolCallStatus.TOOL_ERROR);
    });

    it(`memory remembers, over ${transport}`, async () => {
      const entities = [
        { name: `Ada-${transport}`, entityType: "person", observations: ["likes sums"] },
      ];
      const component = `memory-${transport}`;
      assert.equal(
        (await call(component, "create_entities", { entities })).status,
        ToolCallStatus.OK,
      );
      const { text } = await call(component, "search_nodes", { query: `Ada-${transport}` });
      assert.match(text, /likes sums/);
    });

    it(`everything: images, progress, every content, and cancel, over ${transport}`, async () => {
      const name = `everything-${transport}`;
      await daemon.script(name, script.replaceAll("NAME", name));
      const sessionId = await createSession(daemon, name);
      const { text } = await daemon.client.sessions.ask({ sessionId, text: "go" });
      assert.match(text, /Long running operation completed/);
      const events = await logOf(daemon.client, sessionId);
      const blobs = events.flatMap(({ body }) =>
        body.case === "toolCallFinished"
          ? body.value.parts.flatMap(({ kind }) => (kind.case === "blob" ? [kind.value] : []))
          : [],
      );
      assert.deepEqual(
        blobs.map(({ mediaType }) => mediaType),
        ["image/png"],
      );
      assert.ok((blobs[0]?.size ?? 0n) > 1000n);
      const progress = events.flatMap(({ body }) =>
        body.case === "toolCallProgressed" ? [body.value] : [],
      );
      assert.ok(progress.length > 0 && progress.every(({ total }) => total === 4));
      const statuses = events.flatMap(({ body }) =>
        body.case === "toolCallFinished" ? [body.value.status] : [],
      );
      assert.deepEqual(statuses, Array(4).fill(ToolCallStatus.OK));
      const { turnId, cursor } = await prompt(daemon.client, sessionId, "on");
      const from = { after: cursor, selector: { sessions: [sessionId] } };
      const isProgress = ({ body }: Event) => body.case === "toolCallProgressed";
      await eventsUntil(daemon.client, from, isProgress);
      assert.equal((await componentOf(daemon, name)).openCalls, 1);
      await daemon.client.sessions.cancelTurn({ sessionId });
      const last = (await eventsUntil(daemon.client, from, endOf(turnId))).flatMap(({ body }) =>
        body.case === "toolCallFinished" ? [body.value.status] : [],
      );
      assert.deepEqual(last, [ToolCallStatus.CANCELED]);
      assert.equal((await componentOf(daemon, name)).openCalls, 0);
    });
  }

  it("lets agents list and read resources and prompts, and asks a person what a server asks", async () => {
    const listed = await call("everything-io", "list_resources", {});
    const { resources } = JSON.parse(listed.text);
    assert.ok(resources.length > 0);
    const read = await call("everything-io", "read_resource", { uri: resources[0].uri });
    assert.ok(read.text.startsWith(`${resources[0].uri}:\n`));
    assert.match((await call("everything-http", "list_prompts", {})).text, /simple-prompt/);
    const prompted = await call("everything-http", "get_prompt", { name: "simple-prompt" });
    assert.match(prompted.text, /^user:/);
    await daemon.script("elicit", elicits);
    const sessionId = await createSession(daemon, "elicit");
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const from = { after: cursor, selector: { sessions: [sessionId] } };
    const isAsked = ({ body }: Event) => body.case === "approvalRequested";
    const asked = (await eventsUntil(daemon.client, from, isAsked)).at(-1)?.body;
    assert.ok(asked?.case === "approvalRequested" && asked.value.approval);
    const { id: approvalId, kind, questions } = asked.value.approval;
    assert.equal(kind, ApprovalKind.QUESTION);
    const answers = questions.map(({ options }) =>
      options[0] ? { labels: [options[0].label] } : { text: "" },
    );
    const choice = ApprovalChoice.ALLOW_ONCE;
    await daemon.client.approvals.resolveApproval({ approvalId, choice, answers });
    const events = await eventsUntil(daemon.client, from, endOf(turnId));
    const end = events.at(-1)?.body;
    assert.ok(end?.case === "turnFinished");
    assert.match(end.value.output, /provided the requested information/);
  });

  it("has the agent's model answer a server, once a person agrees, and counts what it took", async () => {
    await daemon.script("samples", samples);
    const sessionId = await createSession(daemon, "samples");
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const from = { after: cursor, selector: { sessions: [sessionId] } };
    const isAsked = ({ body }: Event) => body.case === "approvalRequested";
    const asked = (await eventsUntil(daemon.client, from, isAsked)).at(-1)?.body;
    assert.ok(asked?.case === "approvalRequested" && asked.value.approval);
    const { id: approvalId, kind, rule, arguments: text } = asked.value.approval;
    assert.deepEqual([kind, rule], [ApprovalKind.PERMISSION, "built-in:sampling"]);
    assert.match(text, /Say a word\./);
    const choice = ApprovalChoice.ALLOW_ONCE;
    await daemon.client.approvals.resolveApproval({ approvalId, choice });
    const events = await eventsUntil(daemon.client, from, endOf(turnId));
    const sampled = events.flatMap(({ body }) =>
      body.case === "modelSampled" ? [body.value] : [],
    );
    assert.equal(sampled.length, 1);
    const steps = events.flatMap(({ body }) =>
      body.case === "stepFinished" ? [body.value.usage?.outputTokens ?? 0n] : [],
    );
    const end = events.at(-1)?.body;
    assert.ok(end?.case === "turnFinished");
    assert.match(end.value.output, /LLM sampling result/);
    const all = steps.reduce((sum, tokens) => sum + tokens, sampled[0]?.usage?.outputTokens ?? 0n);
    assert.equal(end.value.usage?.outputTokens, all);
    // Nobody is asked where nobody is there.
    const alone = await createSession(daemon, "samples");
    const { turnId: second, cursor: at } = await daemon.client.sessions.prompt({
      ...{ sessionId: alone, parts: [textPart("go")], unattended: true },
    });
    const told = await eventsUntil(
      daemon.client,
      { after: at, selector: { sessions: [alone] } },
      endOf(second),
    );
    assert.ok(told.every((event) => !isAsked(event)));
  });

  it("follows a server whose tools change", async () => {
    await untilTold(daemon, "componentUp", "changing");
    const { cursor } = await daemon.client.components.listComponents({});
    await call("changing", "grow", {});
    const told = await untilTold(daemon, "componentUp", "changing", cursor);
    assert.ok(told.body.case === "componentUp");
    assert.deepEqual(told.body.value.tools, ["pid", "grow", "hang", "grown-1"]);
    assert.equal((await call("changing", "grown-1", {})).text, "I am grown-1");
  });
});
