import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toJsonString } from "@bufbuild/protobuf";
import { ResumePolicy } from "@daphnia/protocol/agent";
import { MessageSchema } from "@daphnia/protocol/message";
import { Delivery, SessionState } from "@daphnia/protocol/session";
import { DaemonError } from "../../base/errors.ts";
import { createBenchTool, untilCanceled } from "../agent/testing/bench-tool.ts";
import type { ModelRequest } from "../model/model.ts";
import { ModelError } from "../model/model-error.ts";
import { calls, type Play, says } from "../model/testing/played-model.ts";
import type { Command } from "./command.ts";
import type { Session } from "./session.ts";
import { breathe, by, openSessionBench, type SessionBench, say } from "./testing/session-bench.ts";

const hang = (): Play => ["hang"];
const deaf = createBenchTool("deaf", { run: () => new Promise(() => {}) });

/** A cancel with a request id, and how to read the answer that is kept of it. */
function asked(id: string) {
  const key = { principal: "tester", method: "CancelTurn", id };
  const request = new TextEncoder().encode(id);
  const command: Command<string> = {
    by,
    keep: (turnId) => ({ ...key, request, answer: new TextEncoder().encode(turnId) }),
  };
  return {
    command,
    async kept({ store }: SessionBench): Promise<string | undefined> {
      const found = await store.events.findRequest(key, request);
      return found && new TextDecoder().decode(found.answer);
    },
  };
}

/** Whether something is done yet: what it came to, or "pending". */
const nowOf = (work: Promise<unknown>) =>
  Promise.race([work.then(String, refusalOf), breathe().then(() => "pending")]);

const refusalOf = (error: unknown) =>
  error instanceof DaemonError ? `${error.refusal} ${error.detail.reason}` : String(error);

/** Holds commits of a session back, or refuses them, until it is let go. */
function holdCommits({ store }: SessionBench, sessionId: string, refused?: Error) {
  const gate = Promise.withResolvers<void>();
  const { events } = store;
  const append = events.append.bind(events);
  events.append = async (batch) => {
    if (batch.sessionId !== sessionId) return append(batch);
    if (refused) return Promise.reject(refused);
    await gate.promise;
    return append(batch);
  };
  return () => {
    gate.resolve();
    events.append = append;
  };
}

/** A session whose turn has begun. */
async function running(bench: SessionBench, id = "a") {
  const session = await bench.open(id);
  const { turnId } = await say(session, "go");
  await bench.until("turn", id);
  return { session, turnId };
}

const cancel = (session: Session, command: Command<string> = { by }) =>
  session.cancelTurn("", false, command);

describe("a cancel", () => {
  it("is answered only when the turn's end is committed (C1)", async () => {
    const bench = await openSessionBench({ plays: hang });
    const { session, turnId } = await running(bench);
    const { command, kept } = asked("1");
    const letGo = holdCommits(bench, "a");
    const answer = cancel(session, command);
    assert.equal(await nowOf(answer), "pending");
    assert.equal(await kept(bench), undefined);
    letGo();
    assert.equal(await answer, turnId);
    assert.equal((await bench.story()).at(-1), "CANCELED");
    assert.equal(await kept(bench), turnId);
    await bench.close();
  });

  it("answers everybody who asks for the same turn, and keeps each answer (C2)", async () => {
    const bench = await openSessionBench({ plays: hang });
    const { session, turnId } = await running(bench);
    const [one, two, three] = [asked("1"), asked("2"), asked("3")];
    const letGo = holdCommits(bench, "a");
    const answers = [one, two].map(({ command }) => cancel(session, command));
    answers.push(cancel(session)); // who keeps nothing
    await breathe();
    answers.push(cancel(session, three.command)); // its end is on its way already
    letGo();
    assert.deepEqual(await Promise.all(answers), [turnId, turnId, turnId, turnId]);
    for (const { kept } of [one, two, three]) assert.equal(await kept(bench), turnId);
    assert.equal((await bench.story()).filter((word) => word === "CANCELED").length, 1);
    await bench.close();
  });

  it("is told that the daemon stops, when that is sooner (C3)", async () => {
    const bench = await openSessionBench({ plays: [calls("deaf")], tools: [deaf] });
    const { session } = await running(bench);
    await bench.until("start:deaf");
    const { command, kept } = asked("1");
    const answer = cancel(session, command);
    assert.equal(await nowOf(answer), "pending");
    const closed = bench.close();
    bench.clock.advance(2000);
    await closed;
    assert.equal(await nowOf(answer), "unavailable SHUTTING_DOWN");
    assert.equal(await nowOf(cancel(session)), "unavailable SHUTTING_DOWN");
    assert.equal(await nowOf(bench.sessions.get("a")), "unavailable SHUTTING_DOWN");
    assert.equal(await kept(bench), undefined);
    assert.equal((await bench.story()).includes("CANCELED"), false);
  });

  it("is told that the session is being deleted (C3)", async () => {
    const bench = await openSessionBench({ plays: [calls("deaf")], tools: [deaf] });
    const { session } = await running(bench);
    await bench.until("start:deaf");
    const answer = cancel(session);
    const deleted = bench.sessions.delete("a", "", { by });
    await breathe();
    bench.clock.advance(2000);
    await deleted;
    assert.equal(await nowOf(answer), "failed_precondition SESSION_DELETED");
    await bench.close();
  });

  it("is told that there is no space, and the turn ends when there is (C3)", async () => {
    const bench = await openSessionBench({ plays: hang });
    const { session, turnId } = await running(bench);
    const full = new DaemonError("unavailable", "no space", { reason: "STORE_FULL" });
    const letGo = holdCommits(bench, "a", full);
    const { command, kept } = asked("1");
    assert.equal(await nowOf(cancel(session, command)), "unavailable STORE_FULL");
    letGo();
    const again = cancel(session, command);
    await breathe();
    bench.clock.advance(1000);
    assert.equal(await again, turnId);
    assert.equal(await kept(bench), turnId);
    assert.deepEqual(bench.bugs, []);
    await bench.close();
  });

  it("waits two seconds for a tool that does not hear it, and no longer", async () => {
    const tools = [deaf, createBenchTool("hear", { run: untilCanceled })];
    const bench = await openSessionBench({ plays: [calls("deaf", "hear")], tools });
    const { session, turnId } = await running(bench);
    await bench.until("start:hear");
    const answer = cancel(session);
    bench.clock.advance(1999);
    assert.equal(await nowOf(answer), "pending");
    bench.clock.advance(1);
    assert.equal(await answer, turnId);
    assert.equal(bench.clock.waiting(), 0);
    await bench.close();
  });

  it("of a suspended turn takes no slot, no model and no agent", async () => {
    const late = new ModelError("rate_limit", "later", { retryAfter: 90_000 });
    const plays = ({ messages }: ModelRequest): Play =>
      toJsonString(MessageSchema, messages[0]!).includes("busy") ? ["hang"] : [late];
    const bench = await openSessionBench({ plays, slots: 1 });
    const [suspended, other] = [await bench.open("a"), await bench.open("b")];
    const { turnId } = await say(suspended, "go");
    await bench.until("turnSuspended");
    await say(other, "busy");
    await bench.until("turn", "b");
    const open = () => Promise.reject(new Error("no model"));
    Object.assign(bench.deps, { models: { open }, agents: { get: () => undefined } });
    assert.equal(await cancel(suspended), turnId);
    assert.equal((await bench.story()).at(-1), "CANCELED");
    assert.equal(other.head().state, SessionState.RUNNING);
    await bench.close();
  });

  it("of a turn that waits for a slot to go on does not wait for it", async () => {
    const tools = [createBenchTool("slow", { run: untilCanceled, effect: "read_only" })];
    const first = await openSessionBench({ plays: () => calls("slow"), tools });
    const ids = ["a", "b"];
    for (const id of ids) {
      await running(first, id);
      await first.until("start:slow", id);
    }
    await first.close();
    const agent = { resume: ResumePolicy.AUTO };
    const bench = await openSessionBench({
      plays: hang,
      tools,
      agent,
      slots: 1,
      store: first.store,
    });
    await bench.sessions.recover();
    await breathe();
    const [runs, waits] = await Promise.all(ids.map((id) => bench.sessions.get(id)));
    assert.equal(bench.deps.slots.waiting(), 1);
    const { turnId } = waits!.head();
    assert.equal(await cancel(waits!), turnId);
    assert.equal((await bench.story("b")).at(-1), "CANCELED");
    assert.equal(runs!.head().state, SessionState.RUNNING);
    assert.deepEqual([bench.deps.slots.waiting(), bench.deps.slots.running()], [0, 1]);
    await bench.close();
  });

  it("of a running turn and its queue keeps its answer with the turn's end", async () => {
    const bench = await openSessionBench({ plays: hang });
    const { session, turnId } = await running(bench);
    await say(session, "queued");
    const { command, kept } = asked("1");
    const answer = session.cancelTurn("", true, command);
    while (!(await bench.story()).includes("promptWithdrawn")) {
      assert.equal(await kept(bench), undefined);
      await new Promise(setImmediate);
    }
    assert.equal(await answer, turnId);
    assert.equal(await kept(bench), turnId);
    assert.deepEqual((await bench.story()).slice(-2), ["promptWithdrawn", "CANCELED"]);
    await bench.close();
  });

  it("of a turn that begins in the same moment withdraws its prompt or ends it", async () => {
    for (let rounds = 0; rounds < 6; rounds++) {
      const bench = await openSessionBench({ plays: () => says("never") });
      const session = await bench.open();
      const { turnId } = await say(session, "go");
      for (let i = 0; i < rounds; i++) await Promise.resolve();
      const { command, kept } = asked("1");
      const answer = await session.cancelTurn(turnId, true, command);
      const story = await bench.story();
      assert.ok(["promptWithdrawn", "CANCELED"].includes(story.at(-1)!), story.join());
      assert.equal(answer, story.at(-1) === "CANCELED" ? turnId : "");
      assert.equal(await kept(bench), answer);
      await bench.close();
    }
  });
});

describe("a prompt that interrupts", () => {
  it("does not take the place of a cancel's answer", async () => {
    const bench = await openSessionBench({ plays: [calls("deaf")], tools: [deaf] });
    const { session, turnId } = await running(bench);
    await bench.until("start:deaf");
    await say(session, "now", Delivery.INTERRUPT);
    const { command, kept } = asked("1");
    const answer = cancel(session, command);
    assert.equal(await nowOf(answer), "pending");
    bench.clock.advance(2000);
    assert.equal(await answer, turnId);
    assert.equal(await kept(bench), turnId);
    await bench.close();
  });
});
