import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { TurnErrorKind } from "@daphnia/protocol/event";
import { SuspendReason } from "@daphnia/protocol/session";
import { CostSchema, UsageSchema } from "@daphnia/protocol/usage";
import type { ModelPart } from "../model/model.ts";
import { ModelError } from "../model/model-error.ts";
import { type Play, says, starts } from "../model/testing/played-model.ts";
import { createTurnBench, type TurnBench } from "./testing/turn-bench.ts";

/** Lets every pause pass at once. */
async function hurry(bench: TurnBench): Promise<void> {
  let isOver = false;
  const run = bench.run().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise(setImmediate);
    if (!isOver) bench.clock.advance(60_000);
  }
  await run;
}

const textsOf = (bench: TurnBench, request: number) =>
  bench.model.requests[request]!.messages.flatMap(({ parts }) =>
    parts.map(({ kind }) => (kind.case === "text" ? kind.value : kind.case)),
  );

const overloaded = (retryAfter?: number) =>
  new ModelError("overloaded", "busy", retryAfter === undefined ? {} : { retryAfter });

/** What the turn's end says was used and paid. */
function spendingOf({ events }: TurnBench) {
  const last = events.at(-1)!.body;
  const { usage, cost } = last.case === "turnFinished" ? last.value : {};
  return { input: usage?.inputTokens, output: usage?.outputTokens, nanos: cost?.nanos };
}

/** Why calls were made again, and after what pause. */
const reasonsOf = ({ events }: TurnBench) =>
  events.flatMap(({ body }) =>
    body.case === "stepRetried"
      ? [[body.value.reason?.kind, body.value.reason?.message, durationMs(body.value.delay!)]]
      : [],
  );

describe("a step", () => {
  it("tries again before the first token, with the same request and no event for it", async () => {
    const bench = createTurnBench({ plays: [[overloaded()], [overloaded()], says("hi")] });
    await hurry(bench);
    assert.deepEqual(bench.trace, [
      "turnStarted, deliver p1",
      "stepStarted",
      "retry 2",
      "retry 3",
      "writes hi",
      "message, stepFinished",
      "settles draft-2",
      "COMPLETED",
    ]);
    const delays = bench.events.flatMap(({ body }) =>
      body.case === "stepRetried" ? [durationMs(body.value.delay!)] : [],
    );
    assert.deepEqual(delays, [1000, 2000]);
  });

  it("replaces what was said when it tries again after the first token", async () => {
    const bench = createTurnBench({
      plays: [[...starts("half"), new ModelError("network", "reset")], says("whole")],
    });
    await hurry(bench);
    assert.deepEqual(bench.trace.slice(2, 7), [
      "writes half",
      "interrupted, stepFinished",
      "settles draft-2",
      "retry 2 instead",
      "writes whole",
    ]);
    assert.deepEqual(textsOf(bench, 1), ["go"]);
    assert.equal(bench.state().output, "whole");
  });

  it("fails when it was tried often enough, and says why", async () => {
    const plays: Play[] = [[overloaded()], [overloaded()], [overloaded()]];
    const bench = createTurnBench({ plays });
    await hurry(bench);
    const last = bench.events.at(-1)!.body;
    assert.equal(bench.outcome(), "FAILED");
    assert.equal(last.case === "turnFinished" && last.value.error?.kind, TurnErrorKind.OVERLOADED);
    assert.equal(bench.model.requests.length, 3);
  });

  it("does not try again what cannot get better", async () => {
    const bench = createTurnBench({ plays: [[new ModelError("auth", "wrong key")]] });
    await hurry(bench);
    assert.equal(bench.outcome(), "FAILED");
    assert.equal(bench.model.requests.length, 1);
  });

  it("takes an answer without an end for a broken one", async () => {
    const bench = createTurnBench({ plays: [[...starts("so")], says("so it is")] });
    await hurry(bench);
    assert.equal(bench.trace.includes("retry 2 instead"), true);
    assert.equal(bench.state().output, "so it is");
  });

  it("is suspended until the time that the provider named, and goes on afresh", async () => {
    const bench = createTurnBench({
      plays: [[overloaded(90_000)], [overloaded()], [overloaded()], says("at last")],
    });
    await bench.run();
    const last = bench.events.at(-1)!.body;
    assert.equal(bench.trace.at(-1), "retry 2, turnSuspended");
    assert.equal(last.case === "turnSuspended" && last.value.reason, SuspendReason.PROVIDER);
    const until = last.case === "turnSuspended" ? timestampMs(last.value.untilTime!) : 0;
    assert.equal(until - bench.clock.now().getTime(), 90_000);
    bench.clock.advance(90_000);
    await hurry(bench);
    assert.equal(bench.outcome(), "COMPLETED");
    assert.equal(bench.model.requests.length, 4);
  });

  it("says what really went wrong before a suspension, and RESTART only after a crash", async () => {
    const deaths = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const bench = createTurnBench({
      plays: [
        [new ModelError("rate_limit", "slow down", { retryAfter: 90_000 })],
        [deaths[0].resolve, "hang"],
        [deaths[1].resolve, "hang"],
      ],
    });
    await bench.run();
    bench.resume();
    await bench.run(deaths[0].promise);
    assert.deepEqual(reasonsOf(bench), [[TurnErrorKind.RATE_LIMIT, "slow down", 90_000]]);
    // The daemon dies in that call: it was made, and another one follows.
    bench.resume();
    await bench.run(deaths[1].promise);
    assert.deepEqual(reasonsOf(bench).slice(1), [
      [TurnErrorKind.RESTART, "the daemon stopped meanwhile", 0],
    ]);
  });

  it("counts what is known of calls that broke, and lets the rest be unknown", async () => {
    const used = (tokens: bigint, nanos: bigint) => ({
      usage: create(UsageSchema, { inputTokens: tokens, outputTokens: 1n }),
      cost: create(CostSchema, { currency: "USD", nanos }),
    });
    const reset = new ModelError("network", "reset");
    const end: ModelPart = { kind: "finish", reason: "stop", ...used(7n, 3n) };
    const silent: Play = [{ kind: "usage", ...used(10n, 5n) }, reset];
    const known = createTurnBench({ plays: [silent, [...starts("whole"), end]] });
    await hurry(known);
    assert.deepEqual(spendingOf(known), { input: 17n, output: 2n, nanos: 8n });
    assert.deepEqual(known.trace.slice(2, 4), ["stepFinished", "retry 2"]);

    const half: Play = [...starts("half"), reset];
    const unknown = createTurnBench({ plays: [half, [...starts("whole"), end]] });
    await hurry(unknown);
    assert.deepEqual(spendingOf(unknown), { input: 7n, output: 1n, nanos: undefined });

    const refused = createTurnBench({ plays: [[reset], [...starts("whole"), end]] });
    await hurry(refused);
    assert.deepEqual(spendingOf(refused), { input: 7n, output: 1n, nanos: 3n });
  });

  it("counts what a canceled call has used, as it was told last", async () => {
    const usage = (tokens: bigint): ModelPart => ({
      kind: "usage",
      usage: create(UsageSchema, { inputTokens: tokens }),
    });
    const bench = createTurnBench({
      plays: [[usage(4n), ...starts("half"), usage(9n), () => bench.cancel.abort(), "hang"]],
    });
    await bench.run();
    assert.equal(bench.outcome(), "CANCELED");
    assert.deepEqual(spendingOf(bench), { input: 9n, output: 0n, nanos: undefined });
  });

  it("does not ask in a circle a provider that always says now", async () => {
    const plays: Play[] = [[overloaded(0)], [overloaded(0)], [overloaded(0)]];
    const bench = createTurnBench({ plays });
    await hurry(bench);
    const last = bench.events.at(-1)!;
    const until = last.body.case === "turnSuspended" ? timestampMs(last.body.value.untilTime!) : 0;
    assert.equal(until - timestampMs(last.time!), 4000);
  });

  it("keeps the words of a turn that is canceled while they break", async () => {
    const bench = createTurnBench({
      plays: [[...starts("half"), new ModelError("network", "reset")]],
      onCommit: (line) => {
        if (line.startsWith("settles")) bench.cancel.abort();
      },
    });
    await hurry(bench);
    assert.deepEqual(bench.trace.slice(-3), [
      "interrupted, stepFinished",
      "settles draft-2",
      "CANCELED",
    ]);
  });

  it("ends as canceled in the pause before a retry", async () => {
    const bench = createTurnBench({
      plays: [[overloaded()]],
      onCommit: (line) => {
        if (line === "retry 2") setImmediate(() => bench.cancel.abort());
      },
    });
    await bench.run();
    assert.equal(bench.outcome(), "CANCELED");
    assert.equal(bench.clock.waiting(), 0);
  });

  it("counts the attempts of each step anew", async () => {
    const bench = createTurnBench({
      plays: [
        [overloaded()],
        [overloaded()],
        says("one"),
        [overloaded()],
        [overloaded()],
        says("two"),
      ],
      onCommit: (line) => {
        if (line === "message, stepFinished") return;
        if (line === "settles draft-2") bench.steer("more");
      },
    });
    await hurry(bench);
    assert.equal(bench.outcome(), "COMPLETED");
    assert.equal(bench.state().output, "two");
  });
});
