import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SessionState } from "@daphnia/protocol/session";
import { casesOf, createSession, endOf, eventsUntil, logOf, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { refusalOf } from "../refusal.ts";

const say = '[[turn]]\n[[turn.step]]\nsay = "Once."\n';
const hanging = '[[turn]]\n[[turn.step]]\nsay = "x"\nhang = true\n';

describe("a request_id", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("say", say);
    await daemon.script("hang", hanging);
  });
  after(() => daemon?.remove());

  const sessions = () => daemon.client.sessions;
  const count = async (sessionId: string, name: string) =>
    casesOf(await logOf(daemon.client, sessionId)).filter((of) => of === name).length;

  it("brings the first answer again after a restart, and one event only", async () => {
    const root = join(daemon.folder, "passing");
    await mkdir(root);
    const model = "scripted/say";
    const created = { requestId: randomUUID(), roots: [root], model };
    const { session, ...place } = await sessions().createSession(created);
    const sessionId = session?.id ?? "";
    const prompted = { requestId: randomUUID(), sessionId, parts: [textPart("hello")] };
    const first = await sessions().prompt(prompted);
    const { turnId, cursor } = first;
    const selector = { sessions: [sessionId] };
    await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    const asked = { requestId: randomUUID(), sessionId, text: "hello" };
    const answer = await sessions().ask(asked);
    assert.equal(answer.text, "Once.");
    const update = { id: sessionId, title: "new" };
    const updated = {
      ...{ requestId: randomUUID(), session: update },
      updateMask: { paths: ["title"] },
    };
    const change = await sessions().updateSession(updated);
    const log = await logOf(daemon.client, sessionId);

    // What they were checked against at first is gone: they are not checked again.
    await rm(root, { recursive: true });
    assert.equal(await daemon.stop(), 0);
    await daemon.start();
    assert.deepEqual(await sessions().createSession(created), { session, ...place });
    assert.deepEqual(await sessions().prompt(prompted), first);
    assert.deepEqual(await sessions().ask(asked), answer);
    assert.deepEqual(await sessions().updateSession(updated), change);
    assert.deepEqual(casesOf(await logOf(daemon.client, sessionId)), casesOf(log));

    const deleted = { requestId: randomUUID(), sessionId };
    const end = await sessions().deleteSession(deleted);
    assert.deepEqual(await sessions().deleteSession(deleted), end);
    assert.deepEqual(await sessions().updateSession(updated), change);
    assert.deepEqual(await sessions().prompt(prompted), first);
  });

  it("sent twice at once makes one prompt, and both get its answer", async () => {
    const sessionId = await createSession(daemon, "say");
    const request = { requestId: randomUUID(), sessionId, parts: [textPart("hello")] };
    const answers = await Promise.all(Array.from({ length: 8 }, () => sessions().prompt(request)));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal(await count(sessionId, "promptAccepted"), 1);
    const asked = { requestId: randomUUID(), sessionId, text: "hello" };
    const told = await Promise.all([sessions().ask(asked), sessions().ask(asked)]);
    assert.deepEqual(told[0], told[1]);
    assert.equal(await count(sessionId, "promptAccepted"), 2);
  });

  it("of a write that was refused is free for another try", async () => {
    const requestId = randomUUID();
    const sessionId = await createSession(daemon, "say");
    const empty = await refusalOf(sessions().prompt({ requestId, sessionId, parts: [] }));
    assert.equal(empty.reason, "INVALID_FIELD");
    await sessions().prompt({ requestId, sessionId, parts: [textPart("hello")] });
    assert.equal(await count(sessionId, "promptAccepted"), 1);
  });

  it("with other content is REQUEST_ID_REUSED, in another method it is another", async () => {
    const requestId = randomUUID();
    const sessionId = await createSession(daemon, "say");
    await sessions().prompt({ requestId, sessionId, parts: [textPart("hello")] });
    const other = { requestId, sessionId, parts: [textPart("goodbye")] };
    const { code, reason, metadata } = await refusalOf(sessions().prompt(other));
    assert.deepEqual(
      { code, reason, metadata },
      {
        code: "InvalidArgument",
        reason: "REQUEST_ID_REUSED",
        metadata: { request_id: requestId },
      },
    );
    await sessions().ask({ requestId, sessionId, text: "hello" });
    assert.equal(await count(sessionId, "promptAccepted"), 2);
  });

  it("that is no UUID is refused, naming the field", async () => {
    for (const requestId of ["1", `${randomUUID()}0`, "x".repeat(36)]) {
      const { code, reason, fields } = await refusalOf(sessions().createSession({ requestId }));
      assert.deepEqual(
        [code, reason, fields],
        ["InvalidArgument", "INVALID_FIELD", ["request_id"]],
      );
    }
  });

  it("of a cancel that is sent again does not cancel the turn after it", async () => {
    const sessionId = await createSession(daemon, "hang");
    const selector = { sessions: [sessionId] };
    const say = () => sessions().prompt({ sessionId, parts: [textPart("hello")] });
    const [first, second] = [await say(), await say()];
    const cancel = { requestId: randomUUID(), sessionId };
    const answer = await sessions().cancelTurn(cancel);
    assert.equal(answer.turnId, first.turnId);
    const options = { after: first.cursor, selector };
    await eventsUntil(
      daemon.client,
      options,
      ({ body, turnId }) => body.case === "stepStarted" && turnId === second.turnId,
    );
    // Its cursor is just before the turn's end, which was not on record at first.
    const again = await sessions().cancelTurn(cancel);
    assert.equal(again.turnId, answer.turnId);
    const { session } = await sessions().getSession({ sessionId });
    assert.deepEqual([session?.turnId, session?.state], [second.turnId, SessionState.RUNNING]);
    await sessions().cancelTurn({ sessionId });
  });
});
