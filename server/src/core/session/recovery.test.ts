import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ResumePolicy } from "@daphnia/protocol/agent";
import { EventSchema, PartKind, PartStartSchema } from "@daphnia/protocol/event";
import { Role } from "@daphnia/protocol/message";
import { SessionState } from "@daphnia/protocol/session";
import { CostSchema } from "@daphnia/protocol/usage";
import { DaemonError } from "../../base/errors.ts";
import type { MemoryStore } from "../../plugins/memory/memory-store.ts";
import { createBenchTool } from "../agent/testing/bench-tool.ts";
import type { ModelRequest } from "../model/model.ts";
import { calls, type Play, says, starts } from "../model/testing/played-model.ts";
import { cutLog, piecesOf } from "./testing/cut-log.ts";
import { breathe, by, openSessionBench, say } from "./testing/session-bench.ts";
import { assertAnswered, assertStrict } from "./testing/strict-history.ts";

/** Asks for three calls when it is told to go, and says so when it has their answers. */
function play({ messages }: ModelRequest): Play {
  const last = messages.at(-1)!;
  const kind = last.parts[0]?.kind;
  if (last.role === Role.TOOL) return says("all done");
  if (kind?.case !== "text" || kind.value !== "go") return says("sure");
  return [...starts("I will"), ...calls("write", "read", "unknown")];
}

function openBench(resume: ResumePolicy, store?: MemoryStore) {
  const ran = { write: 0, read: 0 };
  const count = (name: "write" | "read") => async () => {
    ran[name]++;
    return { parts: [], isError: false };
  };
  const tools = [
    createBenchTool("write", { run: count("write") }),
    createBenchTool("read", { run: count("read"), effect: "read_only" }),
  ];
  const options = { plays: play, tools, agent: { resume }, ...(store && { store }) };
  return openSessionBench(options).then((bench) => ({ ...bench, ran }));
}

/** The store of a turn with three calls that nothing disturbed. */
async function wholeTurn(): Promise<{ store: MemoryStore; count: number }> {
  const bench = await openBench(ResumePolicy.AUTO);
  const session = await bench.open();
  await say(session, "go");
  await bench.until("COMPLETED");
  const { length } = await bench.events();
  await bench.close();
  return { store: bench.store, count: length };
}

/** What a call of the model had said when the daemon died. */
async function leaveDraft(store: MemoryStore, turnId: string, step: number): Promise<void> {
  const start = (kind: PartKind, callId = "") =>
    toBinary(PartStartSchema, create(PartStartSchema, { kind, callId, tool: "write" }));
  const pieces = piecesOf([
    { start: start(PartKind.THINKING), text: "hm" },
    { start: start(PartKind.TEXT), text: "I wi" },
    { start: start(PartKind.TOOL_ARGUMENTS, "call-x"), text: '{"a' },
  ]);
  await store.events.appendDraft({ draftId: "draft-x", sessionId: "a", turnId, step }, pieces);
}

async function resumeAndPromptAgain(store: MemoryStore, resume: ResumePolicy): Promise<void> {
  const [cut] = [await store.events.readSession("a", 0, 1000)];
  const prefix = cut.map(({ bytes }) => fromBinary(EventSchema, bytes));
  const wroteBefore = prefix.filter(
    ({ body }) => body.case === "toolCallStarted" && body.value.tool === "write",
  ).length;
  const bench = await openBench(resume, store);
  await bench.sessions.recover();
  const session = await bench.sessions.get("a");
  await breathe();
  if (session.head().state === SessionState.SUSPENDED) {
    assert.equal(resume, ResumePolicy.ASK);
    await session.resumeTurn("", { by });
  }
  const { turnId } = await say(session, "again");
  for (let i = 0; i < 100 && session.head().state !== SessionState.IDLE; i++) await breathe();

  const events = await bench.events();
  assertAnswered(events);
  for (const { messages } of bench.model.requests) assertStrict(messages);
  assert.ok(wroteBefore + bench.ran.write <= 1, "written twice");
  const last = events.findLast(({ body }) => body.case === "turnFinished");
  assert.equal(last?.turnId, turnId);
  assert.deepEqual(await store.events.openDrafts("a"), []);
  assert.deepEqual(bench.bugs, []);
  assert.equal(bench.clock.waiting(), 0);
  await bench.close();
}

/** Seq of the turn's first event, in whose transaction the next one lies. */
const opening = 3;

describe("recovery", () => {
  let whole: { store: MemoryStore; count: number };
  before(async () => {
    whole = await wholeTurn();
  });

  for (const policy of [ResumePolicy.AUTO, ResumePolicy.ASK, ResumePolicy.OFF]) {
    it(`goes on after every event of a turn (${ResumePolicy[policy]})`, async (t) => {
      for (let count = 1; count <= whole.count; count++) {
        if (count === opening) continue; // a turn and its prompt's delivery are one commit
        await t.test(`event ${count}`, async () => {
          await resumeAndPromptAgain(await cutLog(whole.store, "a", count), policy);
        });
      }
    });

    it(`settles the draft of a step that was open (${ResumePolicy[policy]})`, async (t) => {
      const stored = await whole.store.events.readSession("a", 0, 1000);
      for (const { bytes, seq } of stored) {
        const { body, turnId, step } = fromBinary(EventSchema, bytes);
        if (body.case !== "stepStarted") continue;
        await t.test(`step ${step}`, async () => {
          const store = await cutLog(whole.store, "a", seq);
          await leaveDraft(store, turnId, step);
          await resumeAndPromptAgain(store, policy);
        });
      }
    });
  }

  /** A daemon that was started anew on a store, whose model never answers. */
  async function restarted(store: MemoryStore) {
    const agent = { resume: ResumePolicy.AUTO };
    const bench = await openSessionBench({ plays: () => ["hang"], store, agent });
    await bench.sessions.recover();
    await breathe();
    const resumes = async () =>
      (await bench.story()).filter((word) => word === "turnResumed").length;
    return { ...bench, resumes };
  }

  it("goes on by itself at once, after 2 s, after 8 s, and then ends the turn", async () => {
    const store = await cutLog(whole.store, "a", 4);
    for (const [before, pause] of [0, 2000, 8000].entries()) {
      const bench = await restarted(store);
      if (pause > 0) {
        bench.clock.advance(pause - 1);
        await breathe();
        assert.equal(await bench.resumes(), before, `sooner than after ${pause} ms`);
        bench.clock.advance(1);
        await breathe();
      }
      assert.equal(await bench.resumes(), before + 1, `not after ${pause} ms`);
      assert.equal(bench.model.requests.length, 1);
      assert.equal(bench.clock.waiting(), 1); // the turn's own time
      await bench.close();
    }
    const bench = await restarted(store);
    assert.equal((await bench.story()).at(-1), "INTERRUPTED");
    await bench.close();
  });

  /** A store whose turn was resumed once already, so that the next start backs off. */
  async function crashedTwice(): Promise<MemoryStore> {
    const store = await cutLog(whole.store, "a", 4);
    await (await restarted(store)).close();
    return store;
  }

  it("does not count a pause that the next crash cuts short", async () => {
    const store = await crashedTwice();
    for (let restart = 0; restart < 5; restart++) await (await restarted(store)).close();
    const bench = await restarted(store);
    assert.equal(await bench.resumes(), 1);
    bench.clock.advance(2000);
    await bench.until("turnResumed", "a", 2);
    await bench.close();
  });

  it("cancels a turn in that pause at once, and goes on with the queue", async () => {
    const bench = await restarted(await crashedTwice());
    const session = await bench.sessions.get("a");
    const next = await say(session, "next");
    await breathe();
    assert.equal(bench.model.requests.length, 0);
    await session.cancelTurn("", false, { by });
    await breathe();
    assert.equal(session.head().turnId, next.turnId);
    assert.equal(bench.clock.waiting(), 1); // the turn's own time
    const end = (await bench.events()).find(({ body }) => body.case === "turnFinished");
    assert.equal(end?.principal?.id, "tester");
    await bench.close();
  });

  it("waits for space by itself when the store is full at the start", async () => {
    const store = await cutLog(whole.store, "a", 4);
    const { events } = store;
    const append = events.append.bind(events);
    let isFull = true;
    events.append = (batch) =>
      isFull && batch.sessionId === "a"
        ? Promise.reject(new DaemonError("unavailable", "no space", { reason: "STORE_FULL" }))
        : append(batch);
    const bench = await openBench(ResumePolicy.AUTO, store);
    assert.equal(await bench.sessions.recover(), 0);
    await assert.rejects(bench.sessions.get("a"), { detail: { reason: "STORE_FULL" } });
    bench.clock.advance(1000);
    await breathe();
    assert.deepEqual((await bench.events()).length, 4);
    isFull = false;
    bench.clock.advance(1000);
    await bench.until("COMPLETED");
    assert.deepEqual(bench.bugs, []);
    await bench.close();
    assert.equal(bench.clock.waiting(), 0);
  });

  it("counts what is known, and shows that a call which the crash cut off used more", async () => {
    const cost = create(CostSchema, { currency: "USD", nanos: 3n });
    const plays = (): Play => [...starts("so"), { kind: "finish", reason: "stop", cost }];
    const stored = await whole.store.events.readSession("a", 0, 1000);
    const opened = stored.map(({ bytes }) => fromBinary(EventSchema, bytes));
    const step = opened.find(({ body }) => body.case === "stepStarted")!;
    for (const isCutOff of [true, false]) {
      const store = await cutLog(whole.store, "a", Number(step.seq));
      if (isCutOff) await leaveDraft(store, step.turnId, step.step);
      const agent = { resume: ResumePolicy.AUTO };
      const bench = await openSessionBench({ plays, store, agent });
      await bench.sessions.recover();
      await bench.until("COMPLETED");
      const head = (await bench.sessions.get("a")).head();
      assert.deepEqual([head.cost?.nanos, head.costIncomplete], [3n, isCutOff]);
      const end = (await bench.events()).at(-1)?.body;
      assert.equal(
        end?.case === "turnFinished" && end.value.cost?.nanos,
        isCutOff ? undefined : 3n,
      );
      await bench.close();
    }
  });

  it("does not count a person's resumptions as restarts", async () => {
    let store = await cutLog(whole.store, "a", 4);
    for (let restart = 1; restart <= 5; restart++) {
      const bench = await openSessionBench({
        plays: () => ["hang"],
        store,
        agent: { resume: ResumePolicy.ASK },
      });
      await bench.sessions.recover();
      const session = await bench.sessions.get("a");
      assert.equal(session.head().state, SessionState.SUSPENDED, `restart ${restart}`);
      await session.resumeTurn("", { by });
      await breathe();
      await bench.close();
      store = bench.store;
    }
  });

  it("opens the other sessions when one cannot be read", async () => {
    const bench = await openBench(ResumePolicy.AUTO);
    for (const id of ["a", "b"]) await say(await bench.open(id), "long");
    await bench.close();
    const { events } = bench.store;
    const readSession = events.readSession.bind(events);
    events.readSession = (id, ...rest) =>
      id === "a" ? Promise.reject(new Error("corrupt")) : readSession(id, ...rest);
    const second = await openBench(ResumePolicy.AUTO, bench.store);
    await second.sessions.recover();
    await second.until("COMPLETED", "b");
    assert.ok(second.bugs.length > 0);
    await second.close();
  });
});
