import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResumePolicy } from "@daphnia/protocol/agent";
import { Delivery, TurnOutcome } from "@daphnia/protocol/session";
import { ModelError } from "../model/model-error.ts";
import { type Play, says } from "../model/testing/played-model.ts";
import { awaitTurn, type TurnEnd } from "./await-turn.ts";
import { breathe, by, openSessionBench, type SessionBench, say } from "./testing/session-bench.ts";

const hang = (): Play => ["hang"];

/** Waits for a turn of session `a` from the log's beginning on. */
function wait(
  { deps }: SessionBench,
  turnId: string,
  signal = new AbortController().signal,
): Promise<TurnEnd> {
  return awaitTurn({ sessionId: "a", turnId, after: 0, wait: 60_000 }, deps, signal);
}

/** What was waited for, or "still waiting". */
const nowOf = (end: Promise<TurnEnd>) => Promise.race([end, breathe().then(() => "still waiting")]);

const outcomeOf = (end: TurnEnd) =>
  typeof end === "string" ? end : TurnOutcome[end.finished.outcome];

/** A bench whose turn was cut off, opened again with a policy. */
async function reopened(resume: ResumePolicy, plays: () => Play) {
  const bench = await openSessionBench({ plays: hang });
  const { turnId } = await say(await bench.open(), "go");
  await bench.until("turn");
  await bench.close();
  const again = await openSessionBench({ plays, agent: { resume }, store: bench.store });
  await again.sessions.recover();
  return { bench: again, turnId };
}

describe("awaiting a turn", () => {
  it("ends with the turn, and not with another one before it", async () => {
    const bench = await openSessionBench({ plays: () => says("hi") });
    const session = await bench.open();
    const first = await say(session, "1");
    const second = await say(session, "2");
    const ends = await Promise.all([wait(bench, second.turnId), wait(bench, first.turnId)]);
    assert.deepEqual(ends.map(outcomeOf), ["COMPLETED", "COMPLETED"]);
    assert.equal(outcomeOf(await wait(bench, first.turnId)), "COMPLETED", "long after it");
    assert.equal(bench.clock.waiting(), 0);
    await bench.close();
  });

  it("says that it waits when the time is up, and leaves no timer", async () => {
    const bench = await openSessionBench({ plays: hang });
    const { turnId } = await say(await bench.open(), "go");
    const end = wait(bench, turnId);
    await breathe();
    bench.clock.advance(59_999);
    assert.equal(await nowOf(end), "still waiting");
    bench.clock.advance(1);
    assert.equal(await end, "waiting");
    assert.equal(bench.clock.waiting(), 1); // the turn's own time
    await bench.close();
  });

  it("rejects when who waits hangs up, and the turn goes on", async () => {
    const bench = await openSessionBench({ plays: hang });
    const session = await bench.open();
    const { turnId } = await say(session, "go");
    const abort = new AbortController();
    const end = wait(bench, turnId, abort.signal);
    await breathe();
    abort.abort(new Error("hung up"));
    await assert.rejects(end, /hung up/);
    assert.equal(session.head().turnId, turnId);
    assert.equal(bench.clock.waiting(), 1); // the turn's own time
    await bench.close();
  });

  it("says that the turn was suspended, while somebody waits and afterwards", async () => {
    const late = new ModelError("rate_limit", "later", { retryAfter: 90_000 });
    const bench = await openSessionBench({ plays: [[late], says("hi")] });
    const { turnId } = await say(await bench.open(), "go");
    assert.equal(await wait(bench, turnId), "suspended");
    assert.equal(await wait(bench, turnId), "suspended");
    await bench.close();
  });

  it("looks past a suspension that is over", async () => {
    const { bench, turnId } = await reopened(ResumePolicy.ASK, () => says("hi"));
    assert.equal(await wait(bench, turnId), "suspended");
    await (await bench.sessions.get("a")).resumeTurn("", { by });
    assert.equal(outcomeOf(await wait(bench, turnId)), "COMPLETED");
    await bench.close();
  });

  it("ends at once for a prompt that is withdrawn, and only for that one", async () => {
    const bench = await openSessionBench({ plays: hang });
    const session = await bench.open();
    const running = await say(session, "go");
    await bench.until("turn");
    const [gone, stays] = [await say(session, "gone"), await say(session, "stays")];
    const ends = [running, gone, stays].map(({ turnId }) => wait(bench, turnId));
    await session.withdrawPrompt(gone.promptId, { by });
    assert.equal(await ends[1], "withdrawn");
    assert.equal(await wait(bench, gone.turnId), "withdrawn");
    assert.deepEqual(await Promise.all([nowOf(ends[0]!), nowOf(ends[2]!)]), [
      "still waiting",
      "still waiting",
    ]);
    bench.clock.advance(60_000);
    assert.deepEqual(await Promise.all([ends[0], ends[2]]), ["waiting", "waiting"]);
    await bench.close();
  });

  it("is not ended by a steer of its turn that is withdrawn", async () => {
    const bench = await openSessionBench({ plays: hang });
    const session = await bench.open();
    const { turnId } = await say(session, "go");
    await bench.until("turn");
    const { promptId } = await say(session, "steer", Delivery.STEER);
    const end = wait(bench, turnId);
    await session.withdrawPrompt(promptId, { by });
    assert.equal(await nowOf(end), "still waiting");
    await session.cancelTurn("", false, { by });
    assert.equal(outcomeOf(await end), "CANCELED");
    await bench.close();
  });
});
