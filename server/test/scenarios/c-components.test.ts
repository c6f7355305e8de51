import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import {
  type ComponentProcess,
  componentOf,
  startComponent,
  stateOf,
  untilTold,
} from "../component-process.ts";
import { createSession, endOf, eventsUntil, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const trusted = `
[components.sample]
trust = true
idle_timeout = "1s"
[limits]
component_retry_pause = "50ms"
`;

const call = (tool: string, parameters: string) => `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "${tool}"
    arguments = ${parameters}
  [[turn.step]]
  say = "{{result.0}}"
`;

const again = (...turns: readonly string[]) => turns.join("\n");

const finishedCalls = (events: readonly Event[]) =>
  events.flatMap(({ body }) => (body.case === "toolCallFinished" ? [body.value] : []));

/** How long it takes, in milliseconds. */
async function timed(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

describe("components", () => {
  let daemon: DaemonProcess;
  const started: ComponentProcess[] = [];
  const start = (...given: [name?: string, environment?: Record<string, string>]) => {
    const component = startComponent(daemon.home, ...given);
    started.push(component);
    return component;
  };
  before(async () => {
    daemon = await startDaemonProcess({ config: trusted });
    await daemon.script("echo", call("sample__echo", '{ text = "hello" }'));
    const pid = call("sample__pid", "{}");
    await daemon.script("pid", again(pid, pid));
    await daemon.script("hang", again(call("sample__hang", "{}"), call("sample__pid", "{}")));
  });
  beforeEach(async () => {
    for (const component of started.splice(0)) await component.kill();
  });
  after(async () => {
    for (const component of started) await component.kill();
    await daemon.remove();
  });

  it("C1: is usable a second after it starts, and on another port without a reload", async () => {
    const sessionId = await createSession(daemon, "pid");
    const first = start();
    await untilTold(daemon, "componentUp");
    const { text } = await daemon.client.sessions.ask({ sessionId, text: "go" });
    assert.equal(text, String(first.pid));
    const { cursor } = await daemon.client.components.listComponents({});
    assert.equal(await first.stop(), 0);
    await untilTold(daemon, "componentRemoved", "sample", cursor);
    const second = start();
    const announced = await portFileOf(daemon, "sample");
    const took = await timed(untilTold(daemon, "componentUp", "sample", cursor));
    assert.ok(took < 1000, `it took ${took} ms from the port file (${announced.port}) on`);
    const next = await daemon.client.sessions.ask({ sessionId, text: "go" });
    assert.equal(next.text, String(second.pid));
  });

  it("C2: tells the model of a component that is killed, and the next call works", async () => {
    const sessionId = await createSession(daemon, "hang");
    const { cursor: before } = await daemon.client.components.listComponents({});
    const first = start();
    await untilTold(daemon, "componentUp", "sample", before);
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const selector = { sessions: [sessionId] };
    await eventsUntil(
      daemon.client,
      { after: cursor, selector },
      ({ body }) => body.case === "toolCallProgressed",
    );
    await first.kill();
    const told = await timed(
      eventsUntil(
        daemon.client,
        { after: cursor, selector },
        ({ body }) => body.case === "toolCallFinished",
      ),
    );
    assert.ok(told < 1000, `the model was told after ${told} ms`);
    await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    const [answer] = finishedCalls(await logOf(daemon.client, sessionId));
    assert.equal(answer?.status, ToolCallStatus.COMPONENT_DOWN);
    const down = await untilTold(daemon, "componentDown", "sample", cursor);
    assert.ok(down.body.case === "componentDown" && down.body.value.calls === 1);
    const second = start();
    await untilTold(daemon, "componentUp", "sample", cursor);
    const next = await daemon.client.sessions.ask({ sessionId, text: "go" });
    assert.equal(next.text, String(second.pid));
  });

  it("C2: a component that is stopped in mid-call is a timeout", async () => {
    const sessionId = await createSession(daemon, "hang");
    const { cursor: before } = await daemon.client.components.listComponents({});
    const component = start();
    await untilTold(daemon, "componentUp", "sample", before);
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const selector = { sessions: [sessionId] };
    const isProgress = ({ body }: Event) => body.case === "toolCallProgressed";
    await eventsUntil(daemon.client, { after: cursor, selector }, isProgress);
    component.signal("SIGSTOP");
    const told = await timed(
      eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId)),
    );
    assert.ok(told < 2500, `its limit is 1 s; it took ${told} ms`);
    const [answer] = finishedCalls(await logOf(daemon.client, sessionId));
    assert.equal(answer?.status, ToolCallStatus.TIMEOUT);
  });

  it("C3: reports what cannot be used, and never uses it", async () => {
    const run = join(daemon.home, "run");
    const asked: string[] = [];
    const garbage = createServer((request, response) => {
      asked.push(String(request.headers.authorization));
      response.end("what?");
    });
    await new Promise<void>((resolve) => garbage.listen(0, "127.0.0.1", resolve));
    const { port } = garbage.address() as AddressInfo; // it listens on a port, not on a pipe
    const whole = { port, pid: process.pid, token: "t".repeat(32), version: "1", protocol: "1" };
    const put = (name: string, text: string) =>
      writeFile(join(run, `${name}.port`), text, { mode: 0o600 });
    await put("dead", JSON.stringify({ ...whole, pid: 2 ** 22 - 1, name: "dead" }));
    await put("foreign", JSON.stringify({ ...whole, name: "another" }));
    await put("garbage", JSON.stringify({ ...whole, name: "garbage" }));
    await put("broken", "{");
    await put("daemon", JSON.stringify({ ...whole, name: "daemon" }));
    await put("open", JSON.stringify({ ...whole, name: "open" }));
    await chmod(join(run, "open.port"), 0o644);
    await writeFile(join(daemon.folder, "aside"), JSON.stringify({ ...whole, name: "link" }));
    await symlink(join(daemon.folder, "aside"), join(run, "link.port"));
    const real = start("real");
    await untilTold(daemon, "componentUp", "real");
    const { port: realPort } = await portFileOf(daemon, "real");
    await put("impostor", JSON.stringify({ ...whole, port: realPort, name: "impostor" }));
    const names = ["dead", "foreign", "garbage", "broken", "open", "link", "impostor", "daemon"];
    for (const name of names) await untilTold(daemon, "componentDown", name);
    const reasons = await Promise.all(
      names.map(async (name) => {
        const { reason, tools } = await componentOf(daemon, name);
        assert.deepEqual([await stateOf(daemon, name), tools], ["STALE", []], name);
        return reason;
      }),
    );
    assert.match(reasons[0] ?? "", /process \d+ is gone/);
    assert.match(reasons[1] ?? "", /is for "another"/);
    assert.match(reasons[2] ?? "", /no MCP server/);
    assert.match(reasons[3] ?? "", /no JSON object/);
    assert.match(reasons[4] ?? "", /mode must be 0600/);
    assert.match(reasons[5] ?? "", /is a link/);
    assert.match(reasons[6] ?? "", /refuses the token/);
    assert.match(reasons[7] ?? "", /has the name of the daemon/);
    assert.equal(await stateOf(daemon, "real"), "UP");
    assert.equal((await componentOf(daemon, "real")).pid, real.pid);
    garbage.closeAllConnections();
    garbage.close();
  });

  it("D1, D2, P7: change of an agent touches no component; who was granted one may use no other", async () => {
    const { client, home } = daemon;
    const file = join(home, "agents", "narrow.md");
    const calls = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "sample__work"
    arguments = { steps = 3, pause = 100 }
    [[turn.step.call]]
    tool = "beside__echo"
    arguments = { text = "no" }
    [[turn.step.call]]
    tool = "bash"
    arguments = { command = "true" }
  [[turn.step]]
  say = "{{result.0}}"
`;
    await daemon.script("narrow", calls);
    await mkdir(join(home, "agents"), { recursive: true });
    await writeFile(file, "---\ntools: [read, sample]\n---\nCall.\n");
    await client.daemon.reload({});
    const { cursor: before } = await client.components.listComponents({});
    const component = start();
    start("beside");
    await untilTold(daemon, "componentUp", "sample", before);
    await untilTold(daemon, "componentUp", "beside", before);
    const begin = { agent: "narrow", model: "scripted/narrow", roots: [daemon.folder] };
    const { session } = await client.sessions.createSession(begin);
    const sessionId = session?.id ?? "";
    const { turnId, cursor } = await prompt(client, sessionId, "go");
    const from = { after: cursor, selector: { sessions: [sessionId] } };
    const isStarted = ({ body }: Event) => body.case === "toolCallStarted";
    await eventsUntil(client, from, isStarted);
    // The turn ends under the grants that it began with, though nobody has them any more.
    await rm(file);
    await client.daemon.reload({});
    const events = await eventsUntil(client, from, endOf(turnId));
    const { OK, OUT_OF_SCOPE } = ToolCallStatus;
    const statuses = finishedCalls(events).map(({ status }) => status);
    assert.deepEqual(statuses.toSorted(), [OK, OUT_OF_SCOPE, OUT_OF_SCOPE]);
    const refused = events.flatMap(({ body }) =>
      body.case === "scopeViolated" ? [body.value.what] : [],
    );
    assert.deepEqual(refused, ["beside__echo", "bash"]);
    const end = events.at(-1)?.body;
    assert.ok(end?.case === "turnFinished" && end.value.output === "3 steps");
    const { openCalls, pid, upTime } = await componentOf(daemon, "sample");
    assert.deepEqual([openCalls, pid], [0, component.pid]);
    assert.ok(upTime !== undefined && upTime.seconds <= (events[0]?.time?.seconds ?? 0n));
  });
});

async function portFileOf(daemon: DaemonProcess, name: string): Promise<{ port: number }> {
  for (;;) {
    const text = await readFile(join(daemon.home, "run", `${name}.port`), "utf8").catch(() => "");
    const found: { port?: unknown } = text === "" ? {} : JSON.parse(text);
    if (typeof found.port === "number") return { port: found.port };
    await daemon.client.components.listComponents({});
  }
}
