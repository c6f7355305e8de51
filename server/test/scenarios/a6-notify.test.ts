import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fromJsonString } from "@bufbuild/protobuf";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { createSession, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const asks = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "read"
    arguments = { path = "/etc/hostname" }
  [[turn.step]]
  say = "done"
`;
const fails = `
[[turn]]
  [[turn.step]]
  fail = { kind = "auth" }
`;

describe("A6: who is told of approvals and failures", () => {
  let daemon: DaemonProcess;
  let server: Server;
  let folder: string;
  const posted: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dph-told-"));
    server = createServer(async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      posted.push(body);
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const command = ["sh", "-c", `cat > "$(mktemp ${folder}/told.XXXXXX)"`];
    daemon = await startDaemonProcess({
      config: `[notify]\nwebhook = "http://127.0.0.1:${port}/x"\ncommand = ${JSON.stringify(command)}\n`,
    });
    await daemon.script("asks", asks);
    await daemon.script("fails", fails);
  });
  after(async () => {
    await daemon?.remove();
    server?.close();
    await rm(folder, { recursive: true });
  });

  /** What both were told, once they were told so often. */
  async function told(count: number): Promise<readonly Event[]> {
    for (;;) {
      const files = await readdir(folder);
      const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
      const isWhole = posted.length >= count && texts.filter((text) => text !== "").length >= count;
      if (isWhole) {
        assert.deepEqual(texts.sort(), [...posted].sort());
        return posted.map((text) => fromJsonString(EventSchema, text));
      }
      await pause(10);
    }
  }

  it("by a webhook and a command: the event, as JSON, and nothing of turns that went well", async () => {
    const sessionId = await createSession(daemon, "asks");
    await prompt(daemon.client, sessionId, "go");
    const [asked] = await told(1);
    assert.ok(asked?.body.case === "approvalRequested");
    const { approval } = asked.body.value;
    assert.equal(approval?.tool, "read");
    const approvalId = approval?.id ?? "";
    await daemon.client.approvals.resolveApproval({ approvalId, choice: ApprovalChoice.DENY });
    await prompt(daemon.client, await createSession(daemon, "fails"), "go");
    const [, failed] = await told(2);
    assert.ok(failed?.body.case === "turnFinished");
    assert.equal(failed.body.value.outcome, TurnOutcome.FAILED);
  });
});
