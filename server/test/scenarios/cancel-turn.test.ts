import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import { SessionState, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { casesOf, createSession, endOf, eventsUntil, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { refusalOf } from "../refusal.ts";

/** It waits in a tool, and hangs in every later call. */
const waits = `
[[turn]]
  [[turn.step]]
  say = "I wait."
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 60000 }
  [[turn.step]]
  say = "x"
  hang = true
`;
const rounds = 5;

describe("CancelTurn", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("waits", waits);
  });
  after(() => daemon?.remove());

  const sessions = () => daemon.client.sessions;

  /** A session whose turn waits in its tool. */
  async function waiting() {
    const sessionId = await createSession(daemon, "waits");
    const selector = { sessions: [sessionId] };
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    await eventsUntil(
      daemon.client,
      { after: cursor, selector },
      ({ body }) => body.case === "toolCallStarted",
    );
    return { sessionId, turnId };
  }

  it(`that was answered survives kill -9 at once, ${rounds} times`, async () => {
    for (let round = 0; round < rounds; round++) {
      const { sessionId, turnId } = await waiting();
      const request = { requestId: randomUUID(), sessionId };
      const answer = await sessions().cancelTurn(request);
      await daemon.kill();
      assert.equal(answer.turnId, turnId);
      await daemon.start();
      const log = await logOf(daemon.client, sessionId);
      assert.deepEqual(casesOf(log).slice(-2), ["toolCallFinished", "turnFinished"]);
      const [call, end] = log.slice(-2);
      assert.ok(call?.body.case === "toolCallFinished");
      assert.equal(call.body.value.status, ToolCallStatus.CANCELED);
      assert.ok(end?.body.case === "turnFinished");
      assert.equal(end.body.value.outcome, TurnOutcome.CANCELED);
      const { session } = await sessions().getSession({ sessionId });
      assert.equal(session?.state, SessionState.IDLE);
      assert.deepEqual(await sessions().cancelTurn(request), answer);
    }
  });

  it("is answered to all who ask at once, the same again after a restart, and cancels no other turn", async () => {
    const { sessionId, turnId } = await waiting();
    const requests = Array.from({ length: 4 }, () => ({ requestId: randomUUID(), sessionId }));
    const answers = await Promise.all(requests.map((request) => sessions().cancelTurn(request)));
    // Who came when it was over found nothing to cancel.
    const told = answers.map((answer) => answer.turnId).filter((id) => id !== "");
    assert.deepEqual([...new Set(told)], [turnId]);
    await daemon.kill();
    await daemon.start();
    const next = await prompt(daemon.client, sessionId, "again");
    const selector = { sessions: [sessionId] };
    await eventsUntil(
      daemon.client,
      { after: next.cursor, selector },
      ({ body, turnId: of }) => body.case === "stepStarted" && of === next.turnId,
    );
    const again = await Promise.all(requests.map((request) => sessions().cancelTurn(request)));
    assert.deepEqual(
      again.map((answer) => answer.turnId),
      answers.map((answer) => answer.turnId),
    );
    const { session } = await sessions().getSession({ sessionId });
    assert.deepEqual([session?.turnId, session?.state], [next.turnId, SessionState.RUNNING]);
    const ends = (await logOf(daemon.client, sessionId)).filter(endOf());
    assert.deepEqual(
      ends.map((end) => end.turnId),
      [turnId],
    );
    await sessions().cancelTurn({ sessionId });
  });
});

describe("CancelTurn where nothing runs", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("waits", waits);
  });
  after(() => daemon?.remove());

  it("is kept, so that its retry after a crash cancels no later turn", async () => {
    const { sessions } = daemon.client;
    const sessionId = await createSession(daemon, "waits");
    const request = { requestId: randomUUID(), sessionId };
    assert.equal((await sessions.cancelTurn(request)).turnId, "");
    await daemon.kill();
    await daemon.start();
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const isRunning = ({ body }: Event) => body.case === "toolCallStarted";
    await eventsUntil(
      daemon.client,
      { after: cursor, selector: { sessions: [sessionId] } },
      isRunning,
    );
    assert.equal((await sessions.cancelTurn(request)).turnId, "");
    const { session } = await sessions.getSession({ sessionId });
    assert.deepEqual([session?.turnId, session?.state], [turnId, SessionState.RUNNING]);
    await sessions.cancelTurn({ sessionId });
  });
});

describe("Ask", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("waits", waits);
  });
  after(() => daemon?.remove());

  it("is refused when its prompt is withdrawn, at once and again", async () => {
    const { sessions } = daemon.client;
    const sessionId = await createSession(daemon, "waits");
    const { cursor } = await prompt(daemon.client, sessionId, "go");
    const request = { requestId: randomUUID(), sessionId, text: "never" };
    const refused = refusalOf(sessions.ask(request));
    const selector = { sessions: [sessionId] };
    let promptId = "";
    let turnId = "";
    await eventsUntil(daemon.client, { after: cursor, selector }, (event) => {
      if (event.body.case !== "promptAccepted") return false;
      ({ promptId } = event.body.value);
      ({ turnId } = event);
      return event.body.value.parts[0]?.kind.value === "never";
    });
    await sessions.withdrawPrompt({ sessionId, promptId });
    const told = { code: "FailedPrecondition", reason: "WRONG_STATE" };
    const { code, reason, metadata } = await refused;
    assert.deepEqual({ code, reason }, told);
    assert.deepEqual(metadata, { session: sessionId, turn: turnId });
    const again = await refusalOf(sessions.ask(request));
    assert.deepEqual({ code: again.code, reason: again.reason }, told);
    await sessions.cancelTurn({ sessionId });
  });

  it("makes its session and its prompt in one commit", async () => {
    const { sessions } = daemon.client;
    const request = { requestId: randomUUID(), text: "hello", model: "scripted/waits" };
    const asked = sessions.ask(request);
    const bodies = ["prompt_accepted"];
    const from = { after: "beginning", selector: { bodies } } as const;
    const isMine = ({ body }: Event) =>
      body.case === "promptAccepted" && body.value.parts[0]?.kind.value === "hello";
    const accepted = (await eventsUntil(daemon.client, from, isMine)).at(-1);
    const sessionId = accepted?.sessionId ?? "";
    const [created] = await logOf(daemon.client, sessionId);
    assert.deepEqual(created?.time, accepted?.time, "of one moment");
    assert.equal(accepted?.seq, 2n);
    await sessions.cancelTurn({ sessionId });
    const answer = await asked;
    assert.deepEqual([answer.sessionId, answer.outcome], [sessionId, TurnOutcome.CANCELED]);
    await daemon.kill();
    await daemon.start();
    assert.deepEqual(await daemon.client.sessions.ask(request), answer);
  });
});
