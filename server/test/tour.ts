import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AgentService } from "@daphnia/protocol/agent_service";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import { ApprovalService } from "@daphnia/protocol/approval_service";
import { BlobService } from "@daphnia/protocol/blob_service";
import { ComponentState } from "@daphnia/protocol/component";
import { ComponentService } from "@daphnia/protocol/component_service";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import { RuleAction } from "@daphnia/protocol/permission";
import { SessionState, TurnOutcome } from "@daphnia/protocol/session";
import { SessionService } from "@daphnia/protocol/session_service";
import { startComponent, untilTold } from "./component-process.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import type { Call } from "./plain-tools.ts";

/** Its first turn is suspended, for the server names a time far away; the others answer. */
export const tourScript = `
[[turn]]
  [[turn.step]]
  say = "Here I am."
  fail = { kind = "rate_limit", retry_after_ms = 3600000, times = 1 }
[[turn]]
  [[turn.step]]
  say = "Here I am."
`;

/** It reads what lies outside the roots, twice. */
export const tourAsksScript = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "read"
    arguments = { path = "/etc/hostname" }
  [[turn.step]]
  say = "Read."
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "read"
    arguments = { path = "/etc/hostname" }
  [[turn.step]]
  say = "Asked no more."
`;

const write = () => ({ requestId: randomUUID() });
const text = (value: string) => ({ kind: { case: "text", value } }) as const;

/**
 * Calls every unary RPC once or more, with something to do for each, and checks
 * what each answers. The last one stops the daemon.
 */
export async function tour(call: Call, daemon: DaemonProcess): Promise<void> {
  await tourDaemon(call, daemon);
  await tourAgents(call);
  await tourRules(call, daemon);
  await tourBlobs(call);
  await tourApprovals(call, daemon);
  await tourComponents(call, daemon);
  const sessionId = await tourPrompts(call, daemon);
  await tourReads(call, sessionId);
  await call(DaemonService.method.shutdown, { reason: "the tour is over" });
}

async function tourDaemon(call: Call, daemon: DaemonProcess): Promise<void> {
  const { getInfo, getConfig, check, reload, createLoginCode } = DaemonService.method;
  const info = await call(getInfo, {});
  assert.deepEqual([info.pid, info.home, info.protocol], [daemon.pid(), daemon.home, 1]);
  const { settings } = await call(getConfig, {});
  assert.ok(settings.some(({ key, value }) => key === "limits.heartbeat" && value === '"15s"'));
  const { findings } = await call(check, {});
  assert.ok(findings.some(({ name }) => name === "home"));
  const { rejected } = await call(reload, {});
  assert.deepEqual(rejected, []);
  const { code, urls } = await call(createLoginCode, {});
  assert.ok(urls.some((url) => url.endsWith(`/login#code=${code}`)));
}

async function tourAgents(call: Call): Promise<void> {
  const { putAgent, getAgent, listAgents, deleteAgent, listModels, listTools } =
    AgentService.method;
  const agent = { name: "guide", instructions: "You show people around.", tools: ["read"] };
  const put = await call(putAgent, { ...write(), agent });
  const got = await call(getAgent, { name: "guide" });
  assert.deepEqual(got.agent, put.agent);
  const { agents } = await call(listAgents, {});
  assert.deepEqual(agents.map(({ name }) => name).sort(), ["default", "guide"]);
  await call(deleteAgent, { ...write(), name: "guide", etag: put.agent?.etag ?? "" });
  const { providers } = await call(listModels, {});
  assert.ok(providers.some(({ name, models }) => name === "scripted" && models.includes("tour")));
  const { tools } = await call(listTools, {});
  assert.deepEqual(
    tools.map(({ name }) => name),
    [
      ...["append", "ask_user", "bash", "edit", "fetch", "glob", "grep", "plan", "read"],
      ...["wait", "write"],
    ],
  );
}

async function tourRules(call: Call, daemon: DaemonProcess): Promise<void> {
  const { explainCall, listRules } = ApprovalService.method;
  const command = JSON.stringify({ command: "ls" });
  const asked = { tool: "bash", arguments: command, mode: "guarded", roots: [daemon.folder] };
  const { action } = await call(explainCall, asked);
  assert.equal(action, RuleAction.ALLOW);
  const { otherwise } = await call(listRules, { mode: "readonly" });
  assert.equal(otherwise, RuleAction.DENY);
}

/** One that announces itself is called; one that somebody registers, and that is not there, is forgotten. */
async function tourComponents(call: Call, daemon: DaemonProcess): Promise<void> {
  const { listComponents, getComponent, registerComponent } = ComponentService.method;
  const { removeComponent, reconnectComponent, callTool } = ComponentService.method;
  const { cursor } = await call(listComponents, {});
  const component = startComponent(daemon.home, "guide");
  await untilTold(daemon, "componentUp", "guide", cursor);
  const parameters = JSON.stringify({ text: "hello" });
  const said = await call(callTool, { component: "guide", tool: "echo", arguments: parameters });
  assert.deepEqual(said.parts[0]?.kind, { case: "text", value: "hello" });
  const again = await call(reconnectComponent, { name: "guide" });
  assert.equal(again.component?.state, ComponentState.UP);
  const url = "http://127.0.0.1:9/mcp";
  await call(registerComponent, { ...write(), name: "nobody", url });
  const got = await call(getComponent, { name: "nobody" });
  assert.equal(got.component?.address, url);
  await call(removeComponent, { ...write(), name: "nobody" });
  const { components } = await call(listComponents, {});
  assert.deepEqual(
    components.map(({ name }) => name),
    ["guide"],
  );
  await component.stop();
  await untilTold(daemon, "componentRemoved", "guide", cursor);
}

/** What somebody allowed for always is asked no more, until it is taken back. */
async function tourApprovals(call: Call, daemon: DaemonProcess): Promise<void> {
  const { listApprovals, resolveApproval, listRules, revokeRule } = ApprovalService.method;
  const { getProject, trustProject } = ApprovalService.method;
  const { createSession, prompt, ask, revertTurn } = SessionService.method;
  const begin = { roots: [daemon.folder], model: "scripted/tour-asks" };
  const { session } = await call(createSession, { ...write(), ...begin });
  const sessionId = session?.id ?? "";
  const { turnId } = await call(prompt, { ...write(), sessionId, parts: [text("go")] });
  const waiting = async () => (await call(listApprovals, { sessionId })).approvals;
  let [approval] = await waiting();
  for (let i = 0; i < 200 && approval === undefined; i++) [approval] = await waiting();
  const choice = ApprovalChoice.ALLOW_ALWAYS;
  await call(resolveApproval, { ...write(), approvalId: approval?.id ?? "", choice });
  const answer = await call(ask, { ...write(), sessionId, text: "again" });
  assert.deepEqual([answer.text, answer.outcome], ["Asked no more.", TurnOutcome.COMPLETED]);
  const kept = async () =>
    (await call(listRules, {})).rules.filter(({ name }) => name.startsWith("always:"));
  const [rule] = await kept();
  await call(revokeRule, { ...write(), name: rule?.name ?? "" });
  assert.deepEqual(await kept(), []);
  const { files } = await call(revertTurn, { ...write(), sessionId, turnId });
  assert.deepEqual(files, []);

  const { folder } = daemon;
  await mkdir(join(folder, ".daphnia"), { recursive: true });
  await writeFile(join(folder, ".daphnia", "rules.toml"), '[[rules]]\naction = "ask"\n');
  const { contentHash, rules } = await call(getProject, { folder });
  assert.equal(rules.length, 1);
  await call(trustProject, { ...write(), folder, contentHash });
  assert.equal((await call(getProject, { folder })).trusted, true);
  await call(trustProject, { ...write(), folder, contentHash: "" });
  await rm(join(folder, ".daphnia"), { recursive: true });
}

async function tourBlobs(call: Call): Promise<void> {
  const { putBlob, getBlob } = BlobService.method;
  const data = new TextEncoder().encode("bytes");
  const { blob } = await call(putBlob, { uploadId: randomUUID(), data, last: true });
  const got = await call(getBlob, { digest: blob?.digest ?? "" });
  assert.deepEqual(Buffer.from(got.data), Buffer.from(data));
}

async function tourPrompts(call: Call, daemon: DaemonProcess): Promise<string> {
  const { createSession, prompt, movePrompt, withdrawPrompt, cancelTurn, resumeTurn, ask } =
    SessionService.method;
  const { getSession } = SessionService.method;
  const begin = { roots: [daemon.folder], model: "scripted/tour" };
  const suspended = async () => {
    const { session } = await call(createSession, { ...write(), ...begin });
    const sessionId = session?.id ?? "";
    const asked = await call(ask, { ...write(), sessionId, text: "one", wait: { seconds: 60n } });
    assert.ok(asked.pending, "an answer that waits for somebody is not waited for");
    const head = await call(getSession, { sessionId });
    assert.equal(head.session?.state, SessionState.SUSPENDED);
    return { sessionId, turnId: asked.turnId };
  };

  const canceled = await suspended();
  const { turnId } = await call(cancelTurn, { ...write(), sessionId: canceled.sessionId });
  assert.equal(turnId, canceled.turnId);

  const { sessionId, turnId: first } = await suspended();
  const say = (value: string) => call(prompt, { ...write(), sessionId, parts: [text(value)] });
  const [second, third, fourth] = [await say("two"), await say("three"), await say("four")];
  const { promptId } = third;
  await call(movePrompt, { ...write(), sessionId, promptId, beforePromptId: second.promptId });
  await call(withdrawPrompt, { ...write(), sessionId, promptId: fourth.promptId });
  const { session } = await call(getSession, { sessionId });
  assert.deepEqual(
    session?.queue.map((waiting) => waiting.promptId),
    [third.promptId, second.promptId],
  );
  const resumed = await call(resumeTurn, { ...write(), sessionId });
  assert.equal(resumed.turnId, first);
  const answer = await call(ask, { ...write(), sessionId, text: "five" });
  assert.deepEqual([answer.text, answer.outcome], ["Here I am.", TurnOutcome.COMPLETED]);
  return sessionId;
}

async function tourReads(call: Call, sessionId: string): Promise<void> {
  const { listSessions, getTranscript, getStepRequest, updateSession, deleteSession } =
    SessionService.method;
  const session = { id: sessionId, title: "A tour" };
  await call(updateSession, { ...write(), session, updateMask: { paths: ["title"] } });
  const { sessions } = await call(listSessions, { pageSize: 1 });
  assert.deepEqual(
    sessions.map(({ id, title }) => [id, title]),
    [[sessionId, "A tour"]],
  );
  const { entries } = await call(getTranscript, { sessionId });
  assert.equal(entries.length, 8);
  const { listEvents } = EventService.method;
  const { events, synced } = await call(listEvents, { selector: { sessions: [sessionId] } });
  assert.deepEqual(
    events.map(({ seq }) => Number(seq)),
    Array.from({ length: events.length }, (_, i) => i + 1),
  );
  assert.ok(synced);
  const turnId = events.at(-1)?.turnId || (events.at(-2)?.turnId ?? "");
  const { body } = await call(getStepRequest, { sessionId, turnId, step: 1 });
  assert.match(new TextDecoder().decode(body), /five/);
  await call(deleteSession, { ...write(), sessionId });
}
