import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Daphnia } from "@daphnia/client";
import { watchApprovals } from "@daphnia/client/approvals";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import { TurnOutcome } from "@daphnia/protocol/session";
import { casesOf, logOf } from "../conversation.ts";
import { cutLog } from "../cut-log.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";
import { pairingProblem } from "../tool-pairing.ts";
import { answersOf, requestsOf } from "./t8-calls.ts";

const model = "anthropic/claude-sonnet-5";
/** What a whole turn leaves: of its three calls one is refused, one has an effect, one waits for a person. */
const whole = [
  ...["sessionCreated", "promptAccepted", "turnStarted", "promptDelivered"],
  ...["stepStarted", "messageCompleted", "stepFinished"],
  ...["scopeViolated", "toolCallFinished"],
  ...["toolCallStarted", "approvalRequested", "toolCallFinished"],
  ...["approvalResolved", "toolCallStarted", "toolCallFinished"],
  ...["stepStarted", "messageCompleted", "stepFinished", "turnFinished"],
];
const accepted = whole.indexOf("promptAccepted") + 1;
const started = whole.indexOf("toolCallStarted") + 1;

describe("a log that is cut off anywhere", () => {
  let server: ModelServer;
  let daemon: DaemonProcess;
  let reopened: DaemonProcess;
  let sessionId: string;
  let file: string;
  const refused: string[] = [];

  before(async () => {
    const refuse = (body: Buffer) => {
      const problem = pairingProblem(body);
      if (problem !== undefined) refused.push(problem);
      return problem;
    };
    server = await startModelServer({ refuse });
    const environment = { ANTHROPIC_API_KEY: "sk-test", ANTHROPIC_BASE_URL: server.url };
    daemon = await startDaemonProcess({ environment });
    reopened = await startDaemonProcess({ environment });
    file = join(daemon.folder, "effects");
    teach(server, file);
    const { sessions } = daemon.client;
    const { session } = await sessions.createSession({ roots: [daemon.folder], model });
    sessionId = session?.id ?? "";
    const allowing = allowAll(daemon);
    const { outcome, text } = await sessions.ask({ sessionId, text: "do three things" });
    assert.equal(await allowing(), 1);
    assert.deepEqual([outcome, text], [TurnOutcome.COMPLETED, "All are done."]);
    assert.deepEqual(casesOf(await logOf(daemon.client, sessionId)), whole);
    assert.equal(await readFile(file, "utf8"), "once\n");
    assert.equal(await daemon.stop(), 0);
  });
  after(async () => {
    await reopened?.remove();
    await daemon?.remove();
    await server?.close();
  });

  for (const [i, name] of whole.entries()) {
    const last = i + 1;
    it(`T8: goes on after event ${last}, ${name}: the model server accepts it, nothing runs twice`, async () => {
      assert.equal(await reopened.stop(), 0);
      await rm(reopened.home, { recursive: true });
      await cp(daemon.home, reopened.home, { recursive: true });
      cutLog(reopened.home, sessionId, last);
      // The worst case: what had begun had also happened.
      await writeFile(file, last >= started ? "once\n" : "");
      await reopened.start();

      const { sessions } = reopened.client;
      const allowing = allowAll(reopened);
      const { outcome, text, error } = await sessions.ask({ sessionId, text: "go on" });
      await allowing();
      assert.deepEqual([outcome, text, error], [TurnOutcome.COMPLETED, "I am still here.", ""]);
      assert.deepEqual(refused, []);
      assert.equal(await readFile(file, "utf8"), last >= accepted ? "once\n" : "");
      const log = await logOf(reopened.client, sessionId);
      assert.deepEqual(casesOf(log.slice(0, last)), whole.slice(0, last));
      assert.deepEqual(answersOf(log), requestsOf(log));
      const ends = log.flatMap(({ body }) =>
        body.case === "turnFinished" ? [body.value.outcome] : [],
      );
      const turns = last >= accepted ? 2 : 1;
      assert.deepEqual(
        ends,
        Array.from({ length: turns }, () => TurnOutcome.COMPLETED),
      );
    });
  }

  it("T8: is judged by a server that refuses a missing, a doubled and a foreign result", () => {
    const call = { type: "tool_use", id: "a" };
    const result = { type: "tool_result", tool_use_id: "a" };
    const problemOf = (...messages: object[]) =>
      pairingProblem(Buffer.from(JSON.stringify({ messages })));
    const asked = { role: "assistant", content: [call] };
    const answered = (...content: object[]) => ({ role: "user", content });
    assert.equal(problemOf(asked, answered(result)), undefined);
    assert.ok(problemOf(asked));
    assert.ok(problemOf(asked, answered({ type: "text" })));
    assert.ok(problemOf(asked, answered(result, result)));
    assert.ok(problemOf(asked, answered(result), answered(result)));
    assert.ok(problemOf(answered(result)));
  });
});

/** Allows each call that asks, once its neighbours are done; how many, when it is stopped. */
function allowAll({ client }: DaemonProcess): () => Promise<number> {
  const stop = new AbortController();
  let count = 0;
  const allowing = (async () => {
    for await (const { approvals } of watchApprovals(client, { signal: stop.signal })) {
      for (const { id: approvalId, sessionId } of approvals) {
        while ((await openCalls(client, sessionId)) > 1) await pause(5);
        await client.approvals.resolveApproval({ approvalId, choice: ApprovalChoice.ALLOW_ONCE });
        count++;
      }
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return async () => {
    stop.abort();
    await allowing;
    return count;
  };
}

async function openCalls(client: Daphnia, sessionId: string): Promise<number> {
  const log = await logOf(client, sessionId);
  return requestsOf(log).length - answersOf(log).length;
}

function teach({ mock }: ModelServer, file: string): void {
  mock.onMessage("go on", { content: "I am still here." });
  mock.on({ hasToolResult: true }, { content: "All are done." });
  mock.onMessage("do three things", {
    toolCalls: [
      { id: "call_a", name: "launch", arguments: "{}" },
      { id: "call_b", name: "append", arguments: JSON.stringify({ path: file, line: "once" }) },
      { id: "call_c", name: "read", arguments: '{"path":"/etc/passwd"}' },
    ],
  });
}
