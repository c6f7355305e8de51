import assert from "node:assert/strict";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { endOf, eventsUntil, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const script = `
chunk = 0
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "read"
    arguments = { path = "plain.txt" }
    [[turn.step.call]]
    tool = "bash"
    arguments = { command = "touch made-by-bash" }
    [[turn.step.call]]
    tool = "write"
    arguments = { path = "made-by-write", content = "" }
    [[turn.step.call]]
    tool = "no_such_tool"
    arguments = {}
  [[turn.step]]
  say = "done"
`;

describe("P7: an agent that was granted read alone", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess({ config: '[permissions]\nmode = "yolo"\n' });
    await mkdir(join(daemon.home, "agents"), { recursive: true });
    await writeFile(join(daemon.home, "agents", "reader.md"), "---\ntools: [read]\n---\nRead.\n");
    await writeFile(join(daemon.folder, "plain.txt"), "text");
    await daemon.script("tries", script);
    await daemon.client.daemon.reload({});
  });
  after(() => daemon.remove());

  it("is refused all else, in every mode, and everybody is told", async () => {
    const { client, folder } = daemon;
    const { session } = await client.sessions.createSession({
      agent: "reader",
      roots: [folder],
      model: "scripted/tries",
    });
    const sessionId = session?.id ?? "";
    const { turnId, cursor } = await client.sessions.prompt({ sessionId, parts: [textPart("go")] });
    const watched = { after: cursor, selector: { sessions: [sessionId] } };
    const events = await eventsUntil(client, watched, endOf(turnId));
    const tools = new Map(
      events.flatMap(({ body }) =>
        body.case === "messageCompleted"
          ? (body.value.message?.parts ?? []).flatMap(({ kind }) =>
              kind.case === "toolCall" ? [[kind.value.callId, kind.value.tool] as const] : [],
            )
          : [],
      ),
    );
    const ends = events.flatMap(({ body }) =>
      body.case === "toolCallFinished"
        ? [`${tools.get(body.value.callId)} ${ToolCallStatus[body.value.status]}`]
        : [],
    );
    assert.deepEqual(ends.sort(), [
      "bash OUT_OF_SCOPE",
      "no_such_tool OUT_OF_SCOPE",
      "read OK",
      "write OUT_OF_SCOPE",
    ]);
    const violations = events.flatMap(({ body }) =>
      body.case === "scopeViolated" ? [body.value.what] : [],
    );
    assert.deepEqual(violations.sort(), ["bash", "no_such_tool", "write"]);
    for (const name of ["made-by-bash", "made-by-write"]) {
      await assert.rejects(access(join(folder, name)));
    }
    const offered = events.flatMap(({ body }) =>
      body.case === "stepStarted" ? [body.value.tools] : [],
    );
    assert.deepEqual(offered[0], ["read"]);
  });
});
