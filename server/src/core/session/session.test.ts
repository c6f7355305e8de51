import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Delivery, SessionState } from "@daphnia/protocol/session";
import type { ModelRequest } from "../model/model.ts";
import { type Play, says, starts } from "../model/testing/played-model.ts";
import { breathe, by, openSessionBench, say } from "./testing/session-bench.ts";

/** What the model was asked last. */
function lastPrompt({ messages }: ModelRequest): string {
  const kind = messages.at(-1)?.parts[0]?.kind;
  return kind?.case === "text" ? kind.value : "";
}

/** Answers at once, but goes silent on prompts that say "long". */
function play(request: ModelRequest): Play {
  const asked = lastPrompt(request);
  return asked.startsWith("long") ? [...starts(asked), "hang"] : says(`re: ${asked}`);
}

/** The texts the model was asked, call by call. */
const asked = (requests: readonly ModelRequest[]) => requests.map(lastPrompt);

describe("a session", () => {
  it("answers queued prompts in order, each in the turn it was promised", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    const results = await Promise.all(["1", "2", "3"].map((text) => say(session, text)));
    await bench.until("COMPLETED", "a", 3);
    assert.deepEqual(asked(bench.model.requests), ["1", "2", "3"]);
    const turns = (await bench.events()).flatMap(({ body, turnId }) =>
      body.case === "turnStarted" ? [turnId] : [],
    );
    assert.deepEqual(
      turns,
      results.map(({ turnId }) => turnId),
    );
    assert.equal(session.head().state, SessionState.IDLE);
    await bench.close();
  });

  it("moves and withdraws what waits, and refuses to for what does not", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    await say(session, "long");
    await bench.until("turn");
    const [one, two, three] = [
      await say(session, "1"),
      await say(session, "2"),
      await say(session, "3"),
    ];
    await session.movePrompt(three.promptId, one.promptId, { by });
    await session.withdrawPrompt(two.promptId, { by });
    await assert.rejects(session.withdrawPrompt(two.promptId, { by }), { refusal: "not_found" });
    await assert.rejects(session.movePrompt(one.promptId, "nobody", { by }), {
      refusal: "not_found",
    });
    await assert.rejects(session.movePrompt(one.promptId, one.promptId, { by }), {
      refusal: "invalid_argument",
    });
    await session.cancelTurn("", false, { by });
    await bench.until("COMPLETED", "a", 2);
    assert.deepEqual(asked(bench.model.requests), ["long", "3", "1"]);
    await bench.close();
  });

  it("lets only one of two withdrawals at once succeed", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    await say(session, "long");
    await bench.until("turn");
    const { promptId } = await say(session, "1");
    const both = [
      session.withdrawPrompt(promptId, { by }),
      session.withdrawPrompt(promptId, { by }),
    ];
    const results = await Promise.allSettled(both);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    await bench.close();
  });

  it("never delivers a prompt that was withdrawn while it waited for a slot", async () => {
    const bench = await openSessionBench({ plays: play, slots: 1 });
    const [first, second] = [await bench.open("a"), await bench.open("b")];
    await say(first, "long");
    await bench.until("turn");
    const gone = await say(second, "gone");
    await say(second, "stays");
    await breathe();
    assert.equal(second.head().state, SessionState.QUEUED);
    await second.withdrawPrompt(gone.promptId, { by });
    await first.cancelTurn("", false, { by });
    await bench.until("COMPLETED", "b");
    assert.deepEqual(await bench.story("b"), [
      "accept:gone",
      "accept:stays",
      "promptWithdrawn",
      "turn",
      "promptDelivered",
      "message",
      "COMPLETED",
    ]);
    await bench.close();
  });

  it("never delivers a prompt that is withdrawn in the same moment", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    // The turn's first commit is asked for while the withdrawal is on its way.
    const said = say(session, "gone");
    const withdrawn = said.then(({ promptId }) =>
      session.withdrawPrompt(promptId, { by }).then(
        () => "withdrawn",
        () => "too late",
      ),
    );
    const word = await withdrawn;
    await breathe();
    const story = await bench.story();
    assert.equal(story.includes("promptDelivered"), word === "too late", story.join());
    await bench.close();
  });

  it("interrupts the turn that runs, and goes first", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    await say(session, "long");
    await bench.until("turn");
    await say(session, "later");
    await say(session, "now", Delivery.INTERRUPT);
    await bench.until("COMPLETED", "a", 2);
    assert.deepEqual(asked(bench.model.requests), ["long", "now", "later"]);
    const story = await bench.story();
    assert.deepEqual(story.slice(5, 8), ["interrupted", "CANCELED", "turn"]);
    const end = (await bench.events()).find(({ body }) => body.case === "turnFinished");
    assert.equal(end?.principal?.id, "tester");
    await bench.close();
  });

  it("does not cancel what an interrupting prompt did not find running", async () => {
    const bench = await openSessionBench({ plays: play, slots: 1 });
    const [first, second] = [await bench.open("a"), await bench.open("b")];
    await say(first, "long");
    await bench.until("turn");
    await say(second, "queued");
    await breathe();
    await say(second, "now", Delivery.INTERRUPT);
    await first.cancelTurn("", false, { by });
    await bench.until("COMPLETED", "b", 2);
    assert.deepEqual(asked(bench.model.requests), ["long", "now", "queued"]);
    await bench.close();
  });

  it("gives a steer whose turn ended first a turn of its own, ahead of the queue", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    const { turnId } = await say(session, "long");
    await bench.until("turn");
    await say(session, "queued");
    const steer = await say(session, "steer", Delivery.STEER);
    assert.equal(steer.turnId, turnId);
    await session.cancelTurn("", false, { by });
    await bench.until("COMPLETED", "a", 2);
    assert.deepEqual(asked(bench.model.requests), ["long", "steer", "queued"]);
    const delivered = (await bench.events()).find(
      ({ body }) => body.case === "promptDelivered" && body.value.promptId === steer.promptId,
    );
    assert.notEqual(delivered?.turnId, turnId);
    await bench.close();
  });

  it("keeps the queue and the steers of a canceled turn unless it is told", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    const { turnId } = await say(session, "long");
    await bench.until("turn");
    await say(session, "queued");
    await say(session, "steer", Delivery.STEER);
    assert.equal(await session.cancelTurn("", true, { by }), turnId);
    await bench.until("CANCELED");
    await breathe();
    assert.deepEqual((await bench.story()).slice(-4), [
      "promptWithdrawn",
      "promptWithdrawn",
      "interrupted",
      "CANCELED",
    ]);
    assert.equal(session.head().state, SessionState.IDLE);
    assert.equal(await session.cancelTurn("", false, { by }), "");
    await bench.close();
  });

  it("cancels a queued turn by withdrawing its prompt", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    await say(session, "long");
    await bench.until("turn");
    const { turnId } = await say(session, "queued");
    assert.equal(await session.cancelTurn(turnId, false, { by }), "");
    assert.deepEqual(session.head().queue, []);
    assert.equal(session.head().state, SessionState.RUNNING);
    await bench.close();
  });

  it("refuses a prompt too many, also of many at once", async () => {
    const bench = await openSessionBench({ plays: play, maxQueuedPrompts: 2 });
    const session = await bench.open();
    await say(session, "long");
    await bench.until("turn");
    const results = await Promise.allSettled(
      ["1", "2", "3", "4"].map((text) => say(session, text)),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected", "rejected"],
    );
    await bench.close();
  });

  it("lets one of two guarded updates at once win", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    const { etag } = session.head();
    const { create } = await import("@bufbuild/protobuf");
    const { SessionUpdatedSchema } = await import("@daphnia/protocol/event");
    const titled = (title: string) =>
      session.update(create(SessionUpdatedSchema, { title }), etag, { by });
    const results = await Promise.allSettled([titled("x"), titled("y")]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    assert.equal(session.head().title, "x");
    await bench.close();
  });

  it("puts the answer to a cancel on record with the turn's end", async () => {
    const bench = await openSessionBench({ plays: play });
    const session = await bench.open();
    await say(session, "long");
    await bench.until("turn");
    const key = { principal: "tester", method: "CancelTurn", id: "1" };
    const request = new Uint8Array([1]);
    const keep = (turnId: string) => ({
      ...key,
      request,
      answer: new TextEncoder().encode(turnId),
    });
    const turnId = await session.cancelTurn("", false, { by, keep });
    await bench.until("CANCELED");
    const kept = await bench.store.events.findRequest(key, request);
    assert.equal(new TextDecoder().decode(kept?.answer), turnId);
    await bench.close();
  });
});
