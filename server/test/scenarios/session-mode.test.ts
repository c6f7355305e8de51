import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { endOf, eventsUntil, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const script = `repeat = "last"
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "bash"
    arguments = { command = "touch made" }
  [[turn.step]]
  say = "done"
`;

describe("a session's mode", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("touches", script);
  });
  after(() => daemon.remove());

  it("decides for its turns, and can be changed between them", async () => {
    const { client, folder } = daemon;
    const { session } = await client.sessions.createSession({
      roots: [folder],
      model: "scripted/touches",
      mode: "readonly",
    });
    const sessionId = session?.id ?? "";
    const status = async () => {
      const parts = [textPart("go")];
      const { turnId, cursor } = await client.sessions.prompt({
        sessionId,
        parts,
        unattended: true,
      });
      const watched = { after: cursor, selector: { sessions: [sessionId] } };
      const events = await eventsUntil(client, watched, endOf(turnId));
      return events.flatMap(({ body }) =>
        body.case === "toolCallFinished" ? [ToolCallStatus[body.value.status]] : [],
      )[0];
    };
    assert.equal(await status(), "DENIED");
    const { session: changed } = await client.sessions.updateSession({
      session: { id: sessionId, mode: "standard" },
      updateMask: { paths: ["mode"] },
    });
    assert.equal(changed?.mode, "standard");
    assert.equal(await status(), "OK");
    const wrong = client.sessions.createSession({ roots: [folder], mode: "standart" });
    await assert.rejects(wrong, /mode: there is no mode "standart"; did you mean standard\?/);
  });
});
