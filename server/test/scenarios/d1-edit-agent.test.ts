import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { AgentSchema } from "@daphnia/protocol/agent";
import { endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { fileDoors } from "../file-doors.ts";

const says = (text: string) => `[[turn]]\n  [[turn.step]]\n  say = "${text}"\n`;
const fileOf = (model: string) =>
  `---\n# whose it is\ndescription: Tries things # short\nmodel: scripted/${model}\n---\n\nTry.\n`;

describe("D1: an agent's file", () => {
  let daemon: DaemonProcess;
  let doors: ReturnType<typeof fileDoors>;
  before(async () => {
    daemon = await startDaemonProcess();
    doors = fileDoors(daemon);
    await daemon.script("one", says("I am one."));
    await daemon.script("two", says("I am two."));
  });
  after(() => daemon.remove());

  async function answerOf(sessionId: string): Promise<string> {
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "who?");
    const options = { after: cursor, selector: { sessions: [sessionId] } };
    const events = await eventsUntil(daemon.client, options, endOf(turnId));
    const { body } = events.at(-1) ?? {};
    return body?.case === "turnFinished" ? body.value.output : "";
  }

  it("counts from the next turn on, however it was written", async () => {
    const start = await doors.cursor();
    await doors.writeAgent("tester", fileOf("one"));
    const isTold = (told: string) => told === "agent tester changed agents/tester.md";
    await doors.toldUntil(start, isTold);
    const { session } = await daemon.client.sessions.createSession({ agent: "tester" });
    assert.equal(await answerOf(session?.id ?? ""), "I am one.");

    const before = await doors.cursor();
    await writeFile(doors.agentFile(".swap"), fileOf("two"));
    await rename(doors.agentFile(".swap"), doors.agentFile("tester"));
    assert.deepEqual(await doors.toldUntil(before, isTold), [
      "agent tester changed agents/tester.md",
    ]);
    assert.equal(await answerOf(session?.id ?? ""), "I am two.");
  });

  it("keeps what it last said while it is broken, told once, also over a restart", async () => {
    const before = await doors.cursor();
    await doors.writeAgent("tester", fileOf("one").replace("model", "modle"));
    const told = 'rejected agents/tester.md:4: modle: unknown key; did you mean "mode" or "model"?';
    await doors.toldUntil(before, (line) => line === told);
    await doors.daemon.reload({});
    assert.deepEqual(await doors.told(before), [told]);
    const { agent } = await doors.agents.getAgent({ name: "tester" });
    assert.equal(agent?.model, "scripted/two");

    await daemon.stop();
    await daemon.start();
    const again = await doors.agents.getAgent({ name: "tester" });
    assert.equal(again.agent?.model, "scripted/two");
    const { rejected } = await doors.daemon.getConfig({});
    assert.deepEqual(
      rejected.map(({ file }) => file),
      ["agents/tester.md"],
    );
    assert.deepEqual(await doors.told(before), [told, "daemonStopping", "daemonStarted"]);
  });

  it("that changed while the daemon was down is told at the start, and no other", async () => {
    const before = await doors.cursor();
    await daemon.stop();
    await doors.writeAgent("tester", fileOf("one"));
    await doors.writeAgent("other", "Help.\n");
    await daemon.start();
    assert.deepEqual(await doors.told(before), [
      "daemonStopping",
      "agent other changed agents/other.md",
      "agent tester changed agents/tester.md",
      "daemonStarted",
    ]);
    await daemon.stop();
    await rm(doors.agentFile("other"));
    await daemon.start();
    assert.deepEqual((await doors.told(before)).slice(4), [
      "daemonStopping",
      "agent other gone agents/other.md",
      "daemonStarted",
    ]);
  });

  it("is written by PutAgent, which keeps comments, and guarded by its etag", async () => {
    const { agent } = await doors.agents.getAgent({ name: "tester" });
    assert.ok(agent);
    const requestId = crypto.randomUUID();
    const request = { requestId, agent: { ...agent, maxSteps: 7 } };
    const first = await doors.agents.putAgent(request);
    assert.equal(
      await readFile(doors.agentFile("tester"), "utf8"),
      "---\n# whose it is\ndescription: Tries things # short\nmodel: scripted/one\nmax_steps: 7\n---\n\nTry.\n",
    );
    assert.deepEqual(await doors.agents.putAgent(request), first);
    assert.deepEqual(await doors.toldUntil(first.cursor, () => true), [
      "agent tester changed agents/tester.md",
    ]);
    await assert.rejects(doors.agents.putAgent({ agent }), (error: unknown) => {
      assert.match(ConnectError.from(error).rawMessage, /^the agent's file changed: its etag is /);
      return true;
    });
  });

  it("is changed by one of two writers that read the same", async () => {
    const { agent } = await doors.agents.getAgent({ name: "tester" });
    assert.ok(agent);
    const writers = ["left", "right"].map((description) =>
      doors.agents.putAgent({ agent: { ...agent, description } }).then(
        () => description,
        () => "",
      ),
    );
    const winners = (await Promise.all(writers)).filter((name) => name !== "");
    assert.equal(winners.length, 1);
    const after = await doors.agents.getAgent({ name: "tester" });
    assert.equal(after.agent?.description, winners[0]);
  });

  it("replaces a built-in agent, which is back when the file is deleted", async () => {
    const original = await doors.agents.getAgent({ name: "default" });
    const deletion = doors.agents.deleteAgent({ name: "default" });
    await assert.rejects(deletion, (error: unknown) => {
      assert.match(ConnectError.from(error).message, /failed_precondition.*built in/);
      return true;
    });
    const mine = create(AgentSchema, { name: "default", instructions: "Mine." });
    const { cursor } = await doors.agents.putAgent({ agent: mine });
    const replaced = await doors.agents.getAgent({ name: "default" });
    assert.equal(replaced.agent?.instructions, "Mine.");
    await doors.agents.deleteAgent({ name: "default", etag: replaced.agent?.etag ?? "" });
    const { agent } = await doors.agents.getAgent({ name: "default" });
    assert.deepEqual(agent, original.agent);
    assert.deepEqual(await doors.told(cursor), [
      "agent default changed agents/default.md",
      "agent default changed agents/default.md",
    ]);
  });
});
