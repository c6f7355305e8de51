import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResumePolicy } from "@daphnia/protocol/agent";
import { SessionState } from "@daphnia/protocol/session";
import { DaemonError } from "../../base/errors.ts";
import { createBenchTool, textPart, untilCanceled } from "../agent/testing/bench-tool.ts";
import { kindOfName } from "../log/event-bodies.ts";
import { ModelError } from "../model/model-error.ts";
import { calls, type Play, says } from "../model/testing/played-model.ts";
import { breathe, by, openSessionBench, say } from "./testing/session-bench.ts";

const hang = (): Play => ["hang"];
const input = { agent: "bench", roots: [], cwd: "", title: "", labels: {}, model: "", mode: "" };

describe("the session manager", () => {
  it("gives two who ask at once the same session", async () => {
    const bench = await openSessionBench({ plays: [] });
    await bench.open();
    await bench.close();
    const again = await openSessionBench({ plays: [], store: bench.store });
    const [one, two] = await Promise.all([again.sessions.get("a"), again.sessions.get("a")]);
    assert.equal(one, two);
    await again.close();
  });

  it("makes each id once, also of two at once, and never one that was deleted", async () => {
    const bench = await openSessionBench({ plays: [] });
    const make = () => bench.sessions.create({ ...input, id: "a" }, { by });
    const results = await Promise.allSettled([make(), make()]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    await bench.sessions.delete("a", "", { by });
    await assert.rejects(make(), { refusal: "already_exists", message: /was deleted/ });
    await bench.close();
  });

  it("begins a session with its first prompt in one commit, and answers it", async () => {
    const bench = await openSessionBench({ plays: [says("hi")] });
    const { events } = bench.store;
    const append = events.append.bind(events);
    const sizes: number[] = [];
    events.append = (batch) => {
      sizes.push(batch.events.length);
      return append(batch);
    };
    const key = { principal: "tester", method: "Ask", id: "1", request: new Uint8Array() };
    const said = {
      parts: [textPart("go")],
      delivery: 0,
      maxSteps: 0,
      model: "",
      unattended: false,
    };
    const begun = await bench.sessions.begin({ ...input, id: "" }, said, {
      by,
      keep: ({ sessionId, turnId }) => ({ ...key, answer: Buffer.from(`${sessionId} ${turnId}`) }),
    });
    const { sessionId, turnId } = begun;
    await bench.until("COMPLETED", sessionId);
    assert.equal(sizes[0], 2);
    const kept = await events.findRequest(key, key.request);
    assert.equal(String(kept?.answer), `${sessionId} ${turnId}`);
    const [, accepted, started] = await bench.events(sessionId);
    assert.deepEqual([accepted?.turnId, started?.turnId], [turnId, turnId]);
    await bench.close();
  });

  it("makes a session that somebody is looking for in vain at that moment", async () => {
    const bench = await openSessionBench({ plays: [] });
    const looked = bench.sessions.get("a").catch(() => "none");
    await breathe();
    const both = [
      bench.sessions.get("b").catch(() => "none"),
      bench.sessions.create({ ...input, id: "b" }, { by }),
    ];
    const [, made] = await Promise.all(both);
    assert.equal(await looked, "none");
    assert.equal(typeof made === "object" && "state" in made && made.state, SessionState.IDLE);
    await bench.close();
  });

  it("deletes a session whose turn runs, once, and nobody finds it any more", async () => {
    const bench = await openSessionBench({ plays: hang });
    const session = await bench.open();
    await say(session, "go");
    await bench.until("turn");
    const gone = () => bench.sessions.delete("a", "", { by });
    const found = () => bench.sessions.get("a").then(() => "found", String);
    const results = await Promise.allSettled([gone(), gone(), breathe().then(found)]);
    assert.equal(results[0].status, "fulfilled");
    assert.equal(results[1].status, "rejected");
    assert.match(String(results[2].status === "fulfilled" && results[2].value), /does not exist/);
    await assert.rejects(bench.sessions.head("a"), { refusal: "not_found" });
    assert.deepEqual(await bench.events(), []);
    assert.deepEqual(bench.bugs, []);
    await bench.close();
  });

  it("unloads idle sessions that nobody used for long, and no others", async () => {
    const bench = await openSessionBench({ plays: hang });
    const [idle, busy] = [await bench.open("idle"), await bench.open("busy")];
    await say(busy, "go");
    for (let i = 0; i < 40; i++) await bench.sessions.create({ ...input, id: `s${i}` }, { by });
    bench.clock.advance(11 * 60_000);
    await assert.rejects(bench.sessions.get("nobody"), { refusal: "not_found" });
    assert.equal(await bench.sessions.get("busy"), busy);
    assert.notEqual(await bench.sessions.get("idle"), idle);
    await bench.close();
  });

  it("opens no session once it closes", async () => {
    const bench = await openSessionBench({ plays: hang });
    await say(await bench.open(), "go");
    await bench.until("turn");
    await bench.close();
    const again = await openSessionBench({ plays: hang, store: bench.store });
    const opened = assert.rejects(again.sessions.get("a"), { refusal: "unavailable" });
    await again.sessions.close();
    await opened;
  });

  it("forgets the histories of idle sessions, and reads them again for the next turn", async () => {
    const bench = await openSessionBench({ plays: [says("one"), says("two")] });
    const session = await bench.open("a");
    await say(session, "first");
    await bench.until("COMPLETED", "a");
    for (let i = 0; i < 40; i++) await bench.sessions.create({ ...input, id: `s${i}` }, { by });
    assert.equal(await bench.sessions.get("a"), session);
    await say(session, "second");
    await bench.until("COMPLETED", "a", 2);
    const texts = bench.model.requests
      .at(-1)
      ?.messages.map(({ parts: [part] }) => part?.kind.value as string); // all of them are text
    assert.deepEqual(texts, ["first", "one", "second"]);
    await bench.close();
  });

  it("runs so many turns at once, and shows the others as queued", async () => {
    const bench = await openSessionBench({ plays: hang, slots: 2 });
    const sessions = [await bench.open("a"), await bench.open("b"), await bench.open("c")];
    for (const session of sessions) await say(session, "go");
    await bench.until("turn", "b");
    assert.deepEqual(
      sessions.map((session) => session.head().state),
      [SessionState.RUNNING, SessionState.RUNNING, SessionState.QUEUED],
    );
    await sessions[0]!.cancelTurn("", false, { by });
    await bench.until("turn", "c");
    await bench.close();
  });

  it("begins no turn while the daemon stops, though a slot is free", async () => {
    let isStopping = false;
    const bench = await openSessionBench({ plays: hang, slots: 1, isStopping: () => isStopping });
    const [one, two] = [await bench.open("a"), await bench.open("b")];
    await say(one, "go");
    await bench.until("turn");
    await say(two, "go");
    await breathe();
    isStopping = true;
    await one.cancelTurn("", false, { by });
    await bench.until("CANCELED");
    await breathe();
    assert.deepEqual(await bench.story("b"), ["accept:go"]);
    await bench.close();
  });
});

describe("a suspended turn", () => {
  async function suspended(resume: ResumePolicy, plays: () => Play) {
    const bench = await openSessionBench({ plays: hang });
    await say(await bench.open(), "go");
    await bench.until("turn");
    await bench.close();
    const agent = { resume };
    const again = await openSessionBench({ plays, agent, store: bench.store, clock: bench.clock });
    await again.sessions.recover();
    return again;
  }

  it("ends as INTERRUPTED when nobody resumes it for a day", async () => {
    const bench = await suspended(ResumePolicy.ASK, () => says("hi"));
    const session = await bench.sessions.get("a");
    await say(session, "next");
    await breathe();
    assert.equal(session.head().state, SessionState.SUSPENDED);
    bench.clock.advance(24 * 60 * 60_000);
    await bench.until("COMPLETED");
    const ends = (await bench.story()).filter((word) => /^[A-Z]/.test(word));
    assert.deepEqual(ends, ["INTERRUPTED", "COMPLETED"]);
    assert.equal(bench.clock.waiting(), 0);
    await bench.close();
  });

  it("goes on when it is resumed, by one of two at once, and leaves no timer", async () => {
    const bench = await suspended(ResumePolicy.ASK, () => says("hi"));
    const session = await bench.sessions.get("a");
    await breathe();
    const resume = () => session.resumeTurn("", { by });
    const results = await Promise.allSettled([resume(), resume()]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    await bench.until("COMPLETED");
    assert.equal(bench.clock.waiting(), 0);
    await bench.close();
  });

  it("is canceled at once, and the queue goes on", async () => {
    const bench = await suspended(ResumePolicy.ASK, () => says("hi"));
    const session = await bench.sessions.get("a");
    await say(session, "next");
    await session.cancelTurn("", false, { by });
    await bench.until("COMPLETED");
    const ends = (await bench.story()).filter((word) => /^[A-Z]/.test(word));
    assert.deepEqual(ends, ["CANCELED", "COMPLETED"]);
    await bench.close();
  });

  it("goes on by itself at the time that the provider named", async () => {
    const plays = [[new ModelError("rate_limit", "later", { retryAfter: 90_000 })], says("hi")];
    const bench = await openSessionBench({ plays });
    const session = await bench.open();
    await say(session, "go");
    await bench.until("turnSuspended");
    bench.clock.advance(89_999);
    await breathe();
    assert.equal(session.head().state, SessionState.SUSPENDED);
    bench.clock.advance(1);
    await bench.until("COMPLETED");
    await bench.close();
  });
});

describe("a turn whose facts cannot be committed", () => {
  it("waits while the store is full, and goes on", async () => {
    const bench = await openSessionBench({ plays: [says("hi")] });
    const session = await bench.open();
    const { events } = bench.store;
    const append = events.append.bind(events);
    let failures = 0;
    events.append = (batch) => {
      if (batch.settles?.length !== 1 || failures++ > 1) return append(batch);
      const full = new DaemonError("unavailable", "no space", { reason: "STORE_FULL" });
      return Promise.reject(full);
    };
    await say(session, "go");
    for (let i = 0; i < 5; i++) {
      await breathe();
      bench.clock.advance(1000);
    }
    await bench.until("COMPLETED");
    assert.equal(failures, 3);
    assert.deepEqual(bench.bugs, []);
    await bench.close();
  });

  it("is resumed by itself at its time, though the store is full just then", async () => {
    const late = new ModelError("rate_limit", "later", { retryAfter: 90_000 });
    const bench = await openSessionBench({ plays: [[late], says("hi")] });
    await say(await bench.open(), "go");
    await bench.until("turnSuspended");
    const { events } = bench.store;
    const append = events.append.bind(events);
    const full = new DaemonError("unavailable", "no space", { reason: "STORE_FULL" });
    events.append = () => Promise.reject(full);
    bench.clock.advance(90_000);
    await breathe();
    bench.clock.advance(1000);
    await breathe();
    events.append = append;
    bench.clock.advance(1000);
    await bench.until("COMPLETED");
    assert.deepEqual(bench.bugs, []);
    await bench.close();
  });

  it("ends as failed, its tools told to stop, and the next turn begins", async () => {
    const bench = await openSessionBench({
      plays: [calls("much", "hear"), says("next")],
      tools: [createBenchTool("much"), createBenchTool("hear", { run: untilCanceled })],
    });
    const session = await bench.open();
    const { events } = bench.store;
    const append = events.append.bind(events);
    const answers = kindOfName("tool_call_finished");
    let failures = 0;
    events.append = (batch) =>
      batch.events.every(({ kind }) => kind !== answers) || failures++ > 0
        ? append(batch)
        : Promise.reject(new DaemonError("resource_exhausted", "too long", { reason: "LIMIT" }));
    await say(session, "go");
    await say(session, "more");
    await bench.until("COMPLETED");
    const ends = (await bench.story()).filter((word) => /^[A-Z]/.test(word));
    assert.deepEqual(ends, ["FAILED", "COMPLETED"]);
    const answered = (await bench.events()).filter(({ body }) => body.case === "toolCallFinished");
    assert.equal(answered.length, 2);
    await bench.close();
  });
});
