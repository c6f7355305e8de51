import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Event } from "@daphnia/protocol/event";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createSession, endOf, eventsUntil, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** One call of bash, and the words that it answered. */
const runs = (command: string) => `
chunk = 0
[[turn]]
  [[turn.step]]
  say = "I will run it."
    [[turn.step.call]]
    tool = "bash"
    arguments = { command = ${JSON.stringify(command)} }
  [[turn.step]]
  say = "It said: {{result.0}}"
`;

/** These scripts do what no rule allows without asking. */
const config = (sandbox: string) =>
  `[permissions]\nmode = "yolo"\n[sandbox]\nmode = "${sandbox}"\n`;

const finishedCall = (events: readonly Event[]) =>
  events.flatMap(({ body }) => (body.case === "toolCallFinished" ? [body.value] : []))[0];

/** True once no process of this id runs, or it took too long. */
async function isGone(pid: number, within: number): Promise<boolean> {
  const end = Date.now() + within;
  while (Date.now() < end) {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => ") Z");
    if (stat.slice(stat.lastIndexOf(")") + 2)[0] === "Z") return true;
    await pause(20);
  }
  return false;
}

for (const sandbox of ["auto", "off"]) {
  describe(`bash with sandbox.mode = ${sandbox}`, () => {
    let daemon: DaemonProcess;
    before(async () => {
      daemon = await startDaemonProcess({ config: config(sandbox) });
    });
    after(() => daemon.remove());

    async function begin(command: string) {
      const name = `s${Math.random()}`.replace(".", "");
      await daemon.script(name, runs(command));
      const sessionId = await createSession(daemon, name);
      return prompt(daemon.client, sessionId, "go");
    }

    /** The output of a running call as watchers see it, until it has this text. */
    async function outputUntil(sessionId: string, cursor: string, text: string): Promise<string> {
      let printed = "";
      const watched = { after: cursor, selector: { sessions: [sessionId] } };
      for await (const { deltas } of daemon.client.watch(watched)) {
        for (const { piece } of deltas) {
          if (piece.case === "data") printed += Buffer.from(piece.value).toString();
        }
        if (printed.includes(text)) return printed;
      }
      throw new Error("the watch ended");
    }

    it("tells what a call prints while it runs, and keeps all of it", async () => {
      const command =
        "echo one; while [ ! -e go ]; do sleep 0.02; done; seq 1 100000; echo end >&2";
      const { sessionId, turnId, cursor } = await begin(command);
      assert.equal(await outputUntil(sessionId, cursor, "one"), "one\n");
      const draftId = (await logOf(daemon.client, sessionId)).flatMap(({ body }) =>
        body.case === "toolCallStarted" ? [body.value.callId] : [],
      )[0];
      assert.ok(draftId);
      const soFar = await daemon.client.blobs.getBlob({ draftId });
      assert.equal(Buffer.from(soFar.data).toString(), "one\n");
      await writeFile(`${daemon.folder}/go`, "");
      const watched = { after: cursor, selector: { sessions: [sessionId] } };
      const events = await eventsUntil(daemon.client, watched, endOf(turnId));
      const finished = finishedCall(events);
      assert.equal(finished?.status, ToolCallStatus.OK);
      const started = events.flatMap(({ body }) =>
        body.case === "toolCallStarted" ? [body.value.process] : [],
      )[0];
      assert.equal(started?.sandbox, sandbox === "off" ? "" : "bubblewrap");
      const { data, size } = await daemon.client.blobs.getBlob({
        digest: finished?.output?.digest ?? "",
      });
      assert.equal(Number(size), data.length);
      const said = Buffer.from(data).toString();
      assert.ok(said.startsWith("one\n1\n2\n") && said.endsWith("\n100000\nend\n"));
      const [part] = finished?.parts ?? [];
      assert.ok(part?.kind.case === "text" && part.kind.value.length < 50 * 1024);
      assert.match(part.kind.value, /^one\n1\n2\n[\s\S]*left out[\s\S]*100000\nend\n$/);
    });

    it("T3: is canceled with all that it started; what was said stays, the next prompt works", async () => {
      const command = "sleep 600 & echo pids $! $$; sleep 600; make";
      const { sessionId, cursor } = await begin(command);
      const printed = await outputUntil(sessionId, cursor, "\n");
      const canceled = Date.now();
      await daemon.client.sessions.cancelTurn({ sessionId });
      assert.ok(Date.now() - canceled < 5000);
      const events = await logOf(daemon.client, sessionId);
      assert.equal(finishedCall(events)?.status, ToolCallStatus.CANCELED);
      const process = events.flatMap(({ body }) =>
        body.case === "toolCallStarted" ? [body.value.process?.pid ?? 0] : [],
      )[0];
      // In the sandbox the ids that it sees are its own.
      const pids = sandbox === "off" ? printed.match(/\d+/g)?.map(Number) : [];
      for (const pid of [process ?? 0, ...(pids ?? [])]) assert.ok(await isGone(pid, 2000));
      const { text } = await daemon.client.sessions.ask({ sessionId, text: "still there?" });
      assert.equal(text, "It said: the turn was canceled while this ran");
    });

    it("leaves nothing running when the daemon dies, and says what it had printed", async () => {
      const { sessionId, cursor } = await begin("sleep 600 & echo last words; sleep 600");
      await outputUntil(sessionId, cursor, "last words");
      const events = await logOf(daemon.client, sessionId);
      const pid = events.flatMap(({ body }) =>
        body.case === "toolCallStarted" ? [body.value.process?.pid ?? 0] : [],
      )[0];
      assert.ok(pid);
      await daemon.kill();
      if (sandbox !== "off") assert.ok(await isGone(pid, 2000), "it outlived the daemon");
      await daemon.start();
      await eventsUntil(
        daemon.client,
        { after: cursor, selector: { sessions: [sessionId] } },
        endOf(),
      );
      assert.ok(await isGone(pid, 2000), "it outlived the next start");
      const finished = finishedCall(await logOf(daemon.client, sessionId));
      assert.equal(finished?.status, ToolCallStatus.INTERRUPTED);
      const [part] = finished?.parts ?? [];
      assert.ok(part?.kind.case === "text");
      assert.match(part.kind.value, /outcome is unknown.*not run again[\s\S]*last words/);
      const { data } = await daemon.client.blobs.getBlob({
        digest: finished?.output?.digest ?? "",
      });
      assert.equal(Buffer.from(data).toString(), "last words\n");
    });
  });
}
