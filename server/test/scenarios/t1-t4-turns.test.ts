import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import { Delivery, SessionState, TurnOutcome } from "@daphnia/protocol/session";
import {
  casesOf,
  createSession,
  endOf,
  eventsUntil,
  logOf,
  prompt,
  textPart,
} from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const threeWaits = `
chunk = 0
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 900 }
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 600 }
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 300 }
  [[turn.step]]
  say = "{{result.0}}, {{result.1}}, {{result.2}}"
`;

const hanging = `
[[turn]]
  [[turn.step]]
  say = "This is only the beginning."
  hang = true
[[turn]]
  [[turn.step]]
  say = "Now it works."
`;

const steered = `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 600 }
  [[turn.step]]
  say = "done"
`;

const finished = (events: readonly Event[]) =>
  events.flatMap(({ body }) => (body.case === "turnFinished" ? [body.value] : []));

describe("turns", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("waits", threeWaits);
    await daemon.script("hanging", hanging);
    await daemon.script("steered", steered);
  });
  after(() => daemon.remove());

  it("T1: runs the calls of one step side by side; history keeps call order", async () => {
    const sessionId = await createSession(daemon, "waits");
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const selector = { sessions: [sessionId] };
    const events = await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    const requested = events.flatMap(({ body }) =>
      body.case === "messageCompleted"
        ? (body.value.message?.parts ?? []).flatMap(({ kind }) =>
            kind.case === "toolCall" ? [kind.value.callId] : [],
          )
        : [],
    );
    const answered = events.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? [body.value.callId] : [],
    );
    assert.deepEqual(answered, requested.toReversed(), "finished in completion order");
    const [end] = finished(events);
    assert.equal(end?.output, "waited 900 ms, waited 600 ms, waited 300 ms");
    const took = Number(end?.duration?.seconds ?? 0n) * 1000 + (end?.duration?.nanos ?? 0) / 1e6;
    assert.ok(took < 1700, `one after another they take 1800 ms; it took ${took} ms`);
  });

  it("T3: cancels a model call, keeps what was said, and takes the next prompt", async () => {
    const sessionId = await createSession(daemon, "hanging");
    const selector = { sessions: [sessionId] };
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    let said = "";
    for await (const { deltas } of daemon.client.watch({ after: cursor, selector })) {
      for (const { piece } of deltas) if (piece.case === "text") said += piece.value;
      if (said === "This is only the beginning.") break;
    }
    const canceled = await daemon.client.sessions.cancelTurn({ sessionId });
    assert.equal(canceled.turnId, turnId);
    // It was answered when the turn was over: nothing has to be waited for.
    const events = (await logOf(daemon.client, sessionId)).filter(
      (event) => event.turnId === turnId,
    );
    const [message, spent, last] = events.slice(-3).map(({ body }) => body);
    assert.deepEqual(casesOf(events).slice(-3), [
      ...["messageCompleted", "stepFinished", "turnFinished"],
    ]);
    assert.ok(last?.case === "turnFinished" && spent?.case === "stepFinished");
    assert.deepEqual(spent.value.usage, last.value.usage);
    const [end] = finished(events);
    assert.equal(end?.outcome, TurnOutcome.CANCELED);
    assert.equal(events.at(-1)?.principal?.id, "owner");
    assert.ok(message?.case === "messageCompleted" && message.value.interrupted);
    const { entries } = await daemon.client.sessions.getTranscript({ sessionId });
    assert.deepEqual(
      entries.flatMap(({ message: of }) => of?.parts.map(({ kind }) => kind.value) ?? []),
      ["go", "This is only the beginning."],
    );
    const next = await daemon.client.sessions.ask({ sessionId, text: "again" });
    assert.equal(next.text, "Now it works.");
  });

  it("T4: delivers two steers in order at the step boundary; queues, moves and withdraws", async () => {
    const sessionId = await createSession(daemon, "steered");
    const selector = { sessions: [sessionId] };
    const { sessions } = daemon.client;
    const say = (text: string, delivery: Delivery) =>
      sessions.prompt({ sessionId, parts: [textPart(text)], delivery });
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    await eventsUntil(
      daemon.client,
      { after: cursor, selector },
      ({ body }) => body.case === "toolCallStarted",
    );
    const first = await say("first", Delivery.STEER);
    const second = await say("second", Delivery.STEER);
    assert.deepEqual([first.turnId, second.turnId], [turnId, turnId]);
    const later = await say("later", Delivery.QUEUE);
    const sooner = await say("sooner", Delivery.QUEUE);
    const never = await say("never", Delivery.QUEUE);
    await sessions.movePrompt({
      sessionId,
      promptId: sooner.promptId,
      beforePromptId: later.promptId,
    });
    await sessions.withdrawPrompt({ sessionId, promptId: never.promptId });
    const { session } = await sessions.getSession({ sessionId });
    assert.equal(session?.state, SessionState.RUNNING);
    assert.deepEqual(
      session?.queue.map(({ promptId }) => promptId),
      [first.promptId, second.promptId, sooner.promptId, later.promptId],
    );
    const events = await eventsUntil(
      daemon.client,
      { after: cursor, selector },
      endOf(later.turnId),
    );
    const delivered = events.flatMap(({ body, turnId: of }) =>
      body.case === "promptDelivered" ? [[body.value.promptId, of]] : [],
    );
    assert.deepEqual(delivered.slice(1), [
      [first.promptId, turnId],
      [second.promptId, turnId],
      [sooner.promptId, sooner.turnId],
      [later.promptId, later.turnId],
    ]);
    assert.equal(finished(events).length, 3);
  });

  it("refuses a prompt when the queue is full, and says when to try again", async () => {
    const sessionId = await createSession(daemon, "hanging");
    await prompt(daemon.client, sessionId, "go");
    const results = await Promise.allSettled(
      Array.from({ length: 66 }, (_, i) => prompt(daemon.client, sessionId, `more ${i}`)),
    );
    const refused = results.filter(({ status }) => status === "rejected");
    assert.ok(refused.length >= 1 && refused.length <= 2);
    await daemon.client.sessions.cancelTurn({ sessionId, clearQueue: true });
    const log = await logOf(daemon.client, sessionId);
    assert.ok(casesOf(log).filter((name) => name === "promptWithdrawn").length >= 63);
  });
});
