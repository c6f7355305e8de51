import assert from "node:assert/strict";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { RuleAction } from "@daphnia/protocol/permission";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { endOf, eventsUntil, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** Its first rule would let everything be read; its second asks for what is allowed without. */
const rules = `
[[rules]]
tool = "read"
action = "allow"
path = "/etc/**"

[[rules]]
action = "ask"
path = "{roots}/careful/**"

[[rules]]
action = "deny"
path = "{roots}/never/**"
`;

const calls = ["/etc/hostname", "careful/a.txt", "never/a.txt", "plain.txt"];
const script = `
chunk = 0
[[turn]]
  [[turn.step]]
${calls.map((path) => `    [[turn.step.call]]\n    tool = "read"\n    arguments = { path = "${path}" }`).join("\n")}
  [[turn.step]]
  say = "done"
`;

describe("P6: the rules of a project", () => {
  let daemon: DaemonProcess;
  let file: string;

  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("reads", script);
    for (const folder of ["careful", "never", ".daphnia"]) await mkdir(join(daemon.folder, folder));
    for (const path of calls.slice(1)) await writeFile(join(daemon.folder, path), "text");
    file = join(daemon.folder, ".daphnia", "rules.toml");
    await writeFile(file, rules);
  });
  after(() => daemon.remove());

  /** How the calls end where nobody is there to be asked, in order. */
  async function statuses(): Promise<readonly string[]> {
    const { client, folder } = daemon;
    const { session } = await client.sessions.createSession({
      roots: [folder],
      model: "scripted/reads",
    });
    const sessionId = session?.id ?? "";
    const parts = [textPart("go")];
    const { turnId, cursor } = await client.sessions.prompt({ sessionId, parts, unattended: true });
    const watched = { after: cursor, selector: { sessions: [sessionId] } };
    const events = await eventsUntil(client, watched, endOf(turnId));
    const byCall = new Map(
      events.flatMap(({ body }) =>
        body.case === "toolCallFinished"
          ? [[body.value.callId, ToolCallStatus[body.value.status]]]
          : [],
      ),
    );
    const asked = events.flatMap(({ body }) =>
      body.case === "messageCompleted" ? (body.value.message?.parts ?? []) : [],
    );
    return asked.flatMap(({ kind }) =>
      kind.case === "toolCall" ? [byCall.get(kind.value.callId) ?? "none"] : [],
    );
  }

  const explain = (path: string) =>
    daemon.client.approvals.explainCall({
      tool: "read",
      arguments: JSON.stringify({ path }),
      roots: [daemon.folder],
    });

  it("can only tighten while nobody trusts it, and the daemon's log says so", async () => {
    assert.deepEqual(await statuses(), ["DENIED", "DENIED", "DENIED", "OK"]);
    const { action, rule } = await explain("careful/a.txt");
    assert.deepEqual([action, rule], [RuleAction.ASK, "project:2"]);
    const log = await readFile(join(daemon.home, "logs", "daemon.log"), "utf8");
    assert.equal(log.split("rules that allow are ignored").length, 2, "told once");
  });

  it("count in full once somebody trusts what was read, also after a restart", async () => {
    const { contentHash, trusted } = await daemon.client.approvals.getProject(daemon);
    assert.equal(trusted, false);
    await daemon.client.approvals.trustProject({ folder: daemon.folder, contentHash });
    assert.deepEqual(await statuses(), ["OK", "DENIED", "DENIED", "OK"]);
    await daemon.stop();
    await daemon.start();
    assert.deepEqual(await statuses(), ["OK", "DENIED", "DENIED", "OK"]);
  });

  it("are not trusted any more when the file changes", async () => {
    const { contentHash } = await daemon.client.approvals.getProject(daemon);
    await appendFile(file, '\n[[rules]]\naction = "allow"\npath = "/**"\n');
    assert.deepEqual(await statuses(), ["DENIED", "DENIED", "DENIED", "OK"]);
    const trust = daemon.client.approvals.trustProject({ folder: daemon.folder, contentHash });
    await assert.rejects(trust, (error) => ConnectError.from(error).code === Code.Aborted);
  });

  it("are not trusted any more when the trust is taken back", async () => {
    const { client, folder } = daemon;
    const { contentHash } = await client.approvals.getProject({ folder });
    await client.approvals.trustProject({ folder, contentHash });
    assert.equal((await client.approvals.getProject({ folder })).trusted, true);
    await client.approvals.trustProject({ folder, contentHash: "" });
    assert.deepEqual(await statuses(), ["DENIED", "DENIED", "DENIED", "OK"]);
  });

  it("that cannot be read count for nothing, and explain the problem", async () => {
    await writeFile(file, "[[rules]]\naction = 'allowed'\n");
    const { problem, rules: read } = await daemon.client.approvals.getProject(daemon);
    assert.match(problem, /rule 1: /);
    assert.deepEqual(read, []);
    assert.deepEqual(await statuses(), ["DENIED", "OK", "OK", "OK"]);
  });
});
