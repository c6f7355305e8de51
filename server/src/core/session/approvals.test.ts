import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ResumePolicy, UnattendedPolicy } from "@daphnia/protocol/agent";
import {
  AnswerSchema,
  type Approval,
  ApprovalChoice,
  ApprovalKind,
} from "@daphnia/protocol/approval";
import type { Event } from "@daphnia/protocol/event";
import { Role } from "@daphnia/protocol/message";
import { PrincipalSchema } from "@daphnia/protocol/principal";
import { Delivery, SessionState } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { DaemonError } from "../../base/errors.ts";
import { createBenchTool, textPart } from "../agent/testing/bench-tool.ts";
import type { ModelRequest } from "../model/model.ts";
import { calls, says } from "../model/testing/played-model.ts";
import { askUserTool } from "../tool/ask-user-tool.ts";
import type { Claim } from "../tool/tool.ts";
import type { Session } from "./session.ts";
import {
  breathe,
  by,
  openSessionBench,
  type SessionBench,
  type SessionBenchOptions,
  say,
} from "./testing/session-bench.ts";

const { ALLOW_ONCE, ALLOW_SESSION, ALLOW_ALWAYS, DENY } = ApprovalChoice;

/** Reaching a host asks in every mode but yolo. */
const reach: Claim = { kind: "reach", host: "example.org" };
const other = create(PrincipalSchema, { id: "somebody else" });

function openBench(options: Partial<SessionBenchOptions> = {}) {
  return openSessionBench({
    plays: [calls("reach"), says("done"), calls("reach"), says("done again")],
    tools: [createBenchTool("reach", { claims: [reach] }), createBenchTool("plain"), askUserTool],
    ...options,
  });
}

/** Opens a session whose turn waits for a person. */
async function openAsking(options: Partial<SessionBenchOptions> = {}) {
  const bench = await openBench(options);
  const session = await bench.open();
  await say(session, "go");
  return { bench, session, approval: await asked(bench, session) };
}

async function asked(bench: SessionBench, session: Session, times = 1): Promise<Approval> {
  await bench.until("approvalRequested", session.id, times);
  const [approval] = session.approvals();
  assert.ok(approval);
  return approval;
}

const answer = (approvalId: string, choice: ApprovalChoice, reason = "") => ({
  ...{ approvalId, choice, reason, answers: [], peer: "socket" },
});

const rejectionOf = (result: PromiseSettledResult<unknown> | undefined): unknown =>
  result?.status === "rejected" ? result.reason : undefined;

const statusesOf = (events: readonly Event[]) =>
  events.flatMap(({ body }) =>
    body.case === "toolCallFinished" ? [ToolCallStatus[body.value.status]] : [],
  );

const toldTo = (events: readonly Event[]) =>
  events.flatMap(({ body }) =>
    body.case === "toolCallFinished"
      ? body.value.parts.map(({ kind }) => (kind.case === "text" ? kind.value : ""))
      : [],
  );

describe("an approval", () => {
  it("lets the call wait, and says what it is about", async () => {
    const { bench, session, approval } = await openAsking();
    assert.equal(session.head().state, SessionState.WAITING);
    assert.equal(approval.kind, ApprovalKind.PERMISSION);
    assert.equal(approval.tool, "reach");
    assert.deepEqual(approval.choices, [ALLOW_ONCE, ALLOW_SESSION, ALLOW_ALWAYS, DENY]);
    assert.deepEqual(
      approval.claims.map(({ kind, subject }) => `${kind} ${subject}`),
      ["reach example.org"],
    );
    assert.deepEqual(
      approval.rules.map(({ tool, host }) => `${tool} ${host}`),
      ["reach example.org"],
    );
    assert.deepEqual(await bench.sessions.approvals(), [approval]);
    await bench.close();
  });

  it("allowed once lets this call run, and the next one asks again", async () => {
    const { bench, session, approval } = await openAsking();
    await session.resolveApproval(answer(approval.id, ALLOW_ONCE), { by });
    await bench.until("COMPLETED");
    assert.deepEqual(statusesOf(await bench.events()), ["OK"]);
    assert.deepEqual(session.approvals(), []);
    await say(session, "again");
    assert.notEqual((await asked(bench, session, 2)).id, approval.id);
    await bench.close();
  });

  it("allowed for the session is not asked for again there", async () => {
    const { bench, session, approval } = await openAsking();
    await session.resolveApproval(answer(approval.id, ALLOW_SESSION), { by });
    await bench.until("COMPLETED");
    await say(session, "again");
    await bench.until("COMPLETED", "a", 2);
    assert.deepEqual(statusesOf(await bench.events()), ["OK", "OK"]);
    assert.deepEqual(bench.kept, []);
    await bench.close();
  });

  it("allowed always hands its rules to whoever keeps them", async () => {
    const { bench, session, approval } = await openAsking();
    const resolved = await session.resolveApproval(answer(approval.id, ALLOW_ALWAYS), { by });
    assert.deepEqual(
      bench.kept.map(({ host }) => host),
      ["example.org"],
    );
    assert.equal(resolved.rules.length, 1);
    await bench.close();
  });

  it("denied tells the model why, and puts on record who", async () => {
    const { bench, session, approval } = await openAsking();
    await session.resolveApproval(answer(approval.id, DENY, "not on Fridays"), { by });
    await bench.until("COMPLETED");
    const events = await bench.events();
    assert.deepEqual(statusesOf(events), ["DENIED"]);
    assert.match(toldTo(events)[0] ?? "", /A person denied this.*not on Fridays/);
    const resolved = events.find(({ body }) => body.case === "approvalResolved");
    assert.equal(resolved?.principal?.id, by.id);
    await bench.close();
  });

  it("is answered once: the second learns who was first", async () => {
    const { bench, session, approval } = await openAsking();
    const results = await Promise.allSettled([
      session.resolveApproval(answer(approval.id, ALLOW_ONCE), { by }),
      session.resolveApproval(answer(approval.id, DENY), { by: other }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    await bench.until("COMPLETED");
    const late = session.resolveApproval(answer(approval.id, DENY), { by: other });
    for (const refusal of [rejectionOf(results[1]), await late.catch((error: unknown) => error)]) {
      assert.ok(refusal instanceof DaemonError);
      assert.equal(refusal.detail.reason, "APPROVAL_RESOLVED");
      assert.equal(refusal.detail.metadata?.["by"], by.id);
      assert.equal(refusal.detail.metadata?.["choice"], "ALLOW_ONCE");
    }
    await bench.close();
  });

  it("refuses a choice that it does not offer", async () => {
    const { bench, session, approval } = await openAsking();
    await assert.rejects(
      session.resolveApproval(answer(approval.id, ApprovalChoice.UNSPECIFIED), { by }),
      /choice: must be one of ALLOW_ONCE, ALLOW_SESSION, ALLOW_ALWAYS, DENY/,
    );
    assert.equal(session.approvals().length, 1);
    await bench.close();
  });

  it("is denied when its time is over", async () => {
    const agent = { approvalTimeout: durationFromMs(5000) };
    const { bench } = await openAsking({ agent });
    bench.clock.advance(4999);
    await breathe();
    assert.deepEqual(statusesOf(await bench.events()), []);
    bench.clock.advance(1);
    await bench.until("COMPLETED");
    const events = await bench.events();
    assert.deepEqual(statusesOf(events), ["DENIED"]);
    assert.match(toldTo(events)[0] ?? "", /Nobody answered in time/);
    assert.equal(bench.clock.waiting(), 0);
    await bench.close();
  });

  it("is taken back when the turn is canceled", async () => {
    const { bench, session, approval } = await openAsking();
    await session.cancelTurn("", false, { by });
    const events = await bench.events();
    assert.deepEqual(statusesOf(events), ["CANCELED"]);
    assert.equal(session.head().pendingApprovals, 0);
    const late = session.resolveApproval(answer(approval.id, ALLOW_ONCE), { by });
    await assert.rejects(late, /answered already/);
    await bench.close();
  });

  for (const resume of [ResumePolicy.AUTO, ResumePolicy.ASK, ResumePolicy.OFF]) {
    it(`survives restarts, whatever the policy: ${ResumePolicy[resume]}`, async () => {
      const { bench, approval } = await openAsking({ agent: { resume } });
      let { store, clock } = bench;
      await bench.close();
      for (let restart = 0; restart < 6; restart++) {
        const again = await openBench({ plays: [], agent: { resume }, store, clock });
        await again.sessions.recover();
        assert.deepEqual(await again.sessions.approvals(), [approval]);
        await again.close();
        ({ store, clock } = again);
      }
      const last = await openBench({ plays: [says("done")], agent: { resume }, store, clock });
      await last.sessions.recover();
      const session = await last.sessions.get("a");
      await session.resolveApproval(answer(approval.id, ALLOW_ONCE), { by });
      await last.until("COMPLETED");
      assert.deepEqual(statusesOf(await last.events()), ["OK"]);
      await last.close();
    });
  }

  it("given before the daemon died still counts after", async () => {
    const { bench, session, approval } = await openAsking();
    // The answer is the last thing on record: its call had no time to start.
    const resolving = session.resolveApproval(answer(approval.id, ALLOW_ONCE), { by });
    const closing = bench.close();
    await Promise.all([resolving, closing]);
    const again = await openBench({
      plays: [says("done")],
      store: bench.store,
      clock: bench.clock,
    });
    await again.sessions.recover();
    await again.until("COMPLETED");
    const statuses = statusesOf(await again.events());
    assert.equal(statuses.length, 1);
    assert.ok(["OK", "INTERRUPTED"].includes(statuses[0] ?? ""));
    await again.close();
  });
});

describe("calls that ask", () => {
  it("do not keep their neighbours waiting", async () => {
    const { bench, session } = await openAsking({ plays: [calls("reach", "plain"), says("done")] });
    for (let i = 0; i < 100 && statusesOf(await bench.events()).length === 0; i++) await breathe();
    assert.deepEqual(statusesOf(await bench.events()), ["OK"]);
    assert.equal(session.head().state, SessionState.WAITING);
    await bench.close();
  });

  it("give their turn's place to others while only people are waited for", async () => {
    const plays = ({ messages }: ModelRequest) =>
      messages.at(-1)?.role === Role.TOOL ? says("done") : calls("reach");
    const bench = await openBench({ plays, slots: 1 });
    const sessions = [await bench.open("a"), await bench.open("b")];
    for (const session of sessions) await say(session, "go");
    for (const { id } of sessions) await bench.until("approvalRequested", id);
    assert.equal(bench.deps.slots.running(), 0);
    for (const session of sessions) {
      const [approval] = session.approvals();
      await session.resolveApproval(answer(approval?.id ?? "", ALLOW_ONCE), { by });
    }
    for (const { id } of sessions) await bench.until("COMPLETED", id);
    await bench.close();
    assert.equal(bench.deps.slots.running(), 0);
  });

  it("are denied at once where nobody is there", async () => {
    const bench = await openBench();
    const session = await bench.open();
    const parts = [textPart("go")];
    const input = { parts, delivery: Delivery.QUEUE, maxSteps: 0, model: "", unattended: true };
    await session.prompt(input, { by });
    await bench.until("COMPLETED");
    const events = await bench.events();
    assert.deepEqual(statusesOf(events), ["DENIED"]);
    assert.match(toldTo(events)[0] ?? "", /Nobody is there to be asked/);
    assert.ok(!events.some(({ body }) => body.case === "approvalRequested"));
    await bench.close();
  });

  it("wait all the same where the agent says so", async () => {
    const bench = await openBench({ agent: { unattended: UnattendedPolicy.WAIT } });
    const session = await bench.open();
    const parts = [textPart("go")];
    const input = { parts, delivery: Delivery.QUEUE, maxSteps: 0, model: "", unattended: true };
    await session.prompt(input, { by });
    await asked(bench, session);
    await bench.close();
  });

  it("T7: ask when they come a third time in a row; denied they are stopped", async () => {
    const plays = [calls("plain"), calls("plain"), calls("plain"), says("done")];
    const { bench, session, approval } = await openAsking({ plays });
    assert.deepEqual(statusesOf(await bench.events()), ["OK", "OK"]);
    assert.match(approval.why, /same call 3 times in a row/);
    await session.resolveApproval(answer(approval.id, DENY), { by });
    await bench.until("COMPLETED");
    assert.deepEqual(statusesOf(await bench.events()), ["OK", "OK", "LOOP_STOPPED"]);
    await bench.close();
  });
});

describe("ask_user", () => {
  const question = {
    question: "Which one?",
    options: [{ label: "red" }, { label: "blue" }],
  };
  const plays = [calls(["ask_user", JSON.stringify({ questions: [question] })]), says("done")];

  it("tells the model what a person answered", async () => {
    const { bench, session, approval } = await openAsking({ plays });
    assert.equal(approval.kind, ApprovalKind.QUESTION);
    const given = { labels: ["blue"], text: "but light" };
    const allow = (told: typeof given) => ({
      ...answer(approval.id, ALLOW_ONCE),
      answers: [create(AnswerSchema, told)],
    });
    const wrong = allow({ ...given, labels: ["green"] });
    await assert.rejects(session.resolveApproval(wrong, { by }), /"green" is none of red/);
    await session.resolveApproval(allow(given), { by });
    await bench.until("COMPLETED");
    assert.deepEqual(toldTo(await bench.events()), ["Which one?\n> blue: but light"]);
    await bench.close();
  });
});
