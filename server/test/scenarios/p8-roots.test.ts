import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { endOf, eventsUntil, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** One call for each path; the prompt changes nothing. */
const reading = (paths: readonly string[]) => `
chunk = 0
[[turn]]
  [[turn.step]]
${paths
  .map(
    (path) => `    [[turn.step.call]]
    tool = "read"
    arguments = { path = ${JSON.stringify(path)} }`,
  )
  .join("\n")}
  [[turn.step]]
  say = "done"
`;

describe("P8: file tools", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
  });
  after(() => daemon.remove());

  it("stay inside the roots, and out of the daemon's home where that lies inside one", async () => {
    // The root holds the home: what `daphnia demo` does.
    const root = dirname(daemon.home);
    await mkdir(`${root}-evil`);
    await writeFile(join(`${root}-evil`, "sibling.txt"), "sibling");
    await writeFile(join(root, "inside.txt"), "inside");
    await symlink("/etc/hostname", join(root, "link.txt"));
    await symlink(join(daemon.home, "run", "token"), join(root, "token.txt"));
    const paths = [
      "inside.txt",
      "../../etc/hostname",
      "link.txt",
      `${root}-evil/sibling.txt`,
      "home/run/token",
      "token.txt",
      "home/daphnia.db",
    ];
    await daemon.script("reads", reading(paths));
    const { session } = await daemon.client.sessions.createSession({
      roots: [root],
      model: "scripted/reads",
    });
    const sessionId = session?.id ?? "";
    const parts = [textPart("go")];
    const { turnId, cursor } = await daemon.client.sessions.prompt({
      sessionId,
      parts,
      unattended: true, // what asks is denied at once
    });
    const selector = { sessions: [sessionId] };
    const events = await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    const calls = events.flatMap(({ body }) =>
      body.case === "messageCompleted"
        ? (body.value.message?.parts ?? []).flatMap(({ kind }) =>
            kind.case === "toolCall" ? [kind.value.callId] : [],
          )
        : [],
    );
    const statuses = new Map(
      events.flatMap(({ body }) =>
        body.case === "toolCallFinished" ? [[body.value.callId, body.value.status] as const] : [],
      ),
    );
    const { OK, DENIED } = ToolCallStatus;
    assert.deepEqual(
      calls.map((callId) => statuses.get(callId)),
      [OK, DENIED, DENIED, DENIED, DENIED, DENIED, DENIED],
    );
  });
});
