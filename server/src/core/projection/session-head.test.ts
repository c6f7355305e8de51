import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EventSchema } from "@daphnia/protocol/event";
import {
  Delivery,
  type Session,
  SessionState,
  SuspendReason,
  TurnOutcome,
} from "@daphnia/protocol/session";
import { sessionHead } from "./session-head.ts";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;
type Told = Body & { turnId?: string };

const created: Told = {
  case: "sessionCreated",
  value: { agent: "coder", title: "", labels: { a: "1" }, roots: ["/w"], cwd: "/w", model: "p/m" },
};
const accepted = (promptId: string, delivery = Delivery.QUEUE, text = promptId): Told => ({
  case: "promptAccepted",
  value: { promptId, delivery, parts: [{ kind: { case: "text", value: text } }] },
  turnId: `turn-${promptId}`,
});
const started: Told = { case: "turnStarted", value: {}, turnId: "t" };
const finished: Told = {
  case: "turnFinished",
  value: { outcome: TurnOutcome.COMPLETED },
  turnId: "t",
};

function headOf(...told: Told[]): Session {
  let head: Session | undefined;
  for (const [i, { turnId = "", ...body }] of [created, ...told].entries()) {
    const event = create(EventSchema, {
      seq: BigInt(i + 1),
      sessionId: "s",
      time: timestampFromMs(i * 1000),
      turnId,
      body: body as Body, // what is left of a Told is its body
    });
    const before = head && structuredClone(head);
    const next = sessionHead.apply(head, event);
    assert.deepEqual(head, before, "a fold changes nothing that it was given");
    head = next;
  }
  return head ?? assert.fail("no head");
}

const queueOf = (...told: Told[]) => headOf(...told).queue.map(({ promptId }) => promptId);

describe("a session's head", () => {
  it("begins with what created it", () => {
    const { id, agent, roots, cwd, labels, model, state, etag, lastSeq, createTime } = headOf();
    assert.deepEqual(
      [id, agent, roots, cwd, labels, model, state, etag, lastSeq, createTime],
      [
        "s",
        "coder",
        ["/w"],
        "/w",
        { a: "1" },
        "p/m",
        SessionState.IDLE,
        "1",
        1n,
        timestampFromMs(0),
      ],
    );
  });

  it("takes from an update what it names, and has a new etag", () => {
    const value = { title: "new", labels: { values: { b: "2" } } };
    const head = headOf({ case: "sessionUpdated", value });
    assert.deepEqual(
      [head.title, head.labels, head.model, head.roots, head.etag],
      ["new", { b: "2" }, "p/m", ["/w"], "2"],
    );
  });

  it("queues interrupting prompts first, then steers, each in order", () => {
    const prompts = [
      accepted("q1"),
      accepted("s1", Delivery.STEER),
      accepted("i1", Delivery.INTERRUPT),
      accepted("q2"),
      accepted("s2", Delivery.STEER),
    ];
    assert.deepEqual(queueOf(...prompts), ["i1", "s1", "s2", "q1", "q2"]);
    const [first, second] = headOf(...prompts).queue;
    assert.deepEqual([first?.turnId, first?.seq, second?.turnId], ["turn-i1", 4n, ""]);
  });

  it("moves, withdraws and delivers prompts", () => {
    const prompts = [accepted("1"), accepted("2"), accepted("3")];
    const moved = (promptId: string, beforePromptId: string): Told => ({
      case: "promptMoved",
      value: { promptId, beforePromptId },
    });
    assert.deepEqual(queueOf(...prompts, moved("3", "1")), ["3", "1", "2"]);
    assert.deepEqual(queueOf(...prompts, moved("1", "")), ["2", "3", "1"]);
    assert.deepEqual(queueOf(...prompts, { case: "promptWithdrawn", value: { promptId: "2" } }), [
      "1",
      "3",
    ]);
    assert.deepEqual(queueOf(...prompts, { case: "promptDelivered", value: { promptId: "1" } }), [
      "2",
      "3",
    ]);
  });

  it("goes through the states of a turn", () => {
    const suspended: Told = {
      case: "turnSuspended",
      value: { reason: SuspendReason.RESTART },
      turnId: "t",
    };
    const resumed: Told = { case: "turnResumed", value: {}, turnId: "t" };
    const states = [
      headOf(accepted("1")),
      headOf(started),
      headOf(started, suspended),
      headOf(started, suspended, resumed),
      headOf(started, suspended, finished),
      headOf(started, accepted("1"), finished),
    ];
    assert.deepEqual(
      states.map((head) => [SessionState[head.state], head.turnId, sessionHead.isUnfinished(head)]),
      [
        ["QUEUED", "", true],
        ["RUNNING", "t", true],
        ["SUSPENDED", "t", true],
        ["RUNNING", "t", true],
        ["IDLE", "", false],
        ["QUEUED", "", true],
      ],
    );
    const end = headOf(started, finished);
    assert.deepEqual([end.lastOutcome, end.turnSeq], [TurnOutcome.COMPLETED, 0n]);
    assert.equal(headOf(started).turnSeq, 2n);
  });

  it("adds up what was spent, and says where a price is unknown", () => {
    const step = (cost?: { currency: string; nanos: bigint }): Told => ({
      case: "stepFinished",
      value: { usage: { inputTokens: 2n, outputTokens: 1n }, ...(cost && { cost }) },
    });
    const priced = headOf(
      step({ currency: "USD", nanos: 5n }),
      step({ currency: "USD", nanos: 6n }),
    );
    assert.deepEqual(
      [priced.usage?.inputTokens, priced.cost?.nanos, priced.costIncomplete],
      [4n, 11n, false],
    );
    assert.equal(headOf(step({ currency: "USD", nanos: 5n }), step()).costIncomplete, true);
    const mixed = headOf(
      step({ currency: "USD", nanos: 5n }),
      step({ currency: "EUR", nanos: 6n }),
    );
    assert.deepEqual([mixed.cost?.nanos, mixed.costIncomplete], [5n, true]);
  });

  it("takes its title from the first prompt, cut on a code point", () => {
    const long = `${"x".repeat(119)}🦐🦐\nmore`;
    assert.equal(headOf(accepted("1", Delivery.QUEUE, long)).title, `${"x".repeat(119)}🦐`);
    assert.equal(headOf(accepted("1"), accepted("2")).title, "1");
  });
});
