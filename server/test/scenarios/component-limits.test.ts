import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ComponentOrigin } from "@daphnia/protocol/component";
import type { Event } from "@daphnia/protocol/event";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import {
  type ComponentProcess,
  componentOf,
  startComponent,
  stateOf,
  untilTold,
} from "../component-process.ts";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { freePort } from "../free-port.ts";

const config = `
[components.sample]
trust = true
[components.sample.tools.work]
timeout = "200ms"
[limits]
component_ping = "100ms"
component_retry_pause = "50ms"
component_call_timeout = "400ms"
component_idle_timeout = "300ms"
`;

const script = `
repeat = "last"
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "sample__hang"
    arguments = {}
`;

describe("limits of components", { timeout: 60_000 }, () => {
  let daemon: DaemonProcess;
  let sample: ComponentProcess;
  before(async () => {
    daemon = await startDaemonProcess({ config });
    await daemon.script("hang", script);
    sample = startComponent(daemon.home);
    await untilTold(daemon, "componentUp");
  });
  after(async () => {
    await sample.kill();
    await daemon.remove();
  });

  const call = async (tool: string, parameters: unknown) => {
    const given = { component: "sample", tool, arguments: JSON.stringify(parameters) };
    const { status, parts } = await daemon.client.components.callTool(given);
    const text = parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
    return [ToolCallStatus[status], text.replace(/ and was stopped.*/, "")];
  };

  it("end a call without a sign of life, and one that takes too long in all", async () => {
    const silent = ["TIMEOUT", "It gave no sign of life for 0.3 s"];
    assert.deepEqual(await call("hang", {}), silent);
    const own = ["TIMEOUT", "It took longer than 0.2 s"];
    assert.deepEqual(await call("work", { steps: 100, pause: 10 }), own);
    assert.deepEqual(await call("work", { steps: 3, pause: 10 }), ["OK", "3 steps"]);
  });

  it("tell of one that is used and answers no more", async () => {
    const { cursor } = await daemon.client.components.listComponents({});
    await call("pid", {});
    sample.signal("SIGSTOP");
    const down = await untilTold(daemon, "componentDown", "sample", cursor);
    assert.ok(down.body.case === "componentDown");
    assert.match(down.body.value.reason, /did not answer 2 times in a row/);
    sample.signal("SIGCONT");
    await untilTold(daemon, "componentUp", "sample", cursor);
  });

  it("both ends are told of a call whose turn is canceled", async () => {
    const sessionId = await createSession(daemon, "hang");
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const from = { after: cursor, selector: { sessions: [sessionId] } };
    const isProgress = ({ body }: Event) => body.case === "toolCallProgressed";
    await eventsUntil(daemon.client, from, isProgress);
    await daemon.client.sessions.cancelTurn({ sessionId });
    const events = await eventsUntil(daemon.client, from, endOf(turnId));
    const statuses = events.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? [body.value.status] : [],
    );
    assert.deepEqual(statuses, [ToolCallStatus.CANCELED]);
    const path = join(daemon.home, "logs", "sample.log");
    const isHeard = async () => /canceled/.test(await readFile(path, "utf8"));
    while (!(await isHeard())) await daemon.client.daemon.getInfo({});
  });

  it("who is registered is heard before a port file, and leaves it its place", async () => {
    const url = `http://127.0.0.1:${await freePort()}/mcp`;
    const originNow = async () => (await componentOf(daemon, "sample")).origin;
    for (let i = 0; i < 2; i++) {
      assert.equal(await originNow(), ComponentOrigin.PORT_FILE);
      await daemon.client.components.registerComponent({ name: "sample", url });
      assert.equal(await originNow(), ComponentOrigin.REGISTERED);
      const { cursor } = await daemon.client.components.listComponents({});
      await daemon.client.components.removeComponent({ name: "sample" });
      await untilTold(daemon, "componentUp", "sample", cursor);
    }
    assert.equal(await stateOf(daemon, "sample"), "UP");
    assert.deepEqual(await call("pid", {}), ["OK", String(sample.pid)]);
  });
});

it("a daemon stops at once while it waits for components that never answer", async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo; // it listens on a port, not on a pipe
  const sleeper = [process.execPath, "-e", "process.stdin.resume()"];
  const daemon = await startDaemonProcess({
    config: `
[components.far]
url = "http://127.0.0.1:${port}/mcp"
[components.near]
command = ${JSON.stringify(sleeper)}
`,
  });
  assert.equal(await stateOf(daemon, "far"), "CONNECTING");
  assert.equal(await stateOf(daemon, "near"), "CONNECTING");
  const began = performance.now();
  await daemon.stop();
  const took = performance.now() - began;
  assert.ok(took < 1000, `it took ${took} ms`);
  await daemon.remove();
  for (const socket of sockets) socket.destroy();
  silent.close();
});
