import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DeltaSchema, EventSchema } from "@daphnia/protocol/event";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createConversation, type Row } from "../src/data/conversation.ts";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

function fold(bodies: readonly Body[], from = 1) {
  const conversation = createConversation();
  for (const [i, body] of bodies.entries()) {
    conversation.addEvent(
      create(EventSchema, { seq: BigInt(from + i), sessionId: "s", turnId: "t", step: 1, body }),
    );
  }
  return conversation;
}

const text = (value: string) => ({ kind: { case: "text", value } }) as const;
const asks = (callId: string) =>
  ({ kind: { case: "toolCall", value: { callId, tool: "read", arguments: "{}" } } }) as const;
const prompt: readonly Body[] = [
  { case: "promptAccepted", value: { promptId: "p", parts: [text("hello")] } },
  { case: "promptDelivered", value: { promptId: "p" } },
];
const message: Body = {
  case: "messageCompleted",
  value: { draftId: "d", message: { messageId: "m", parts: [text("I read"), asks("c")] } },
};
const finished: Body = {
  case: "toolCallFinished",
  value: { callId: "c", status: ToolCallStatus.OK, parts: [text("found")] },
};

const kinds = (rows: readonly Row[]) => rows.map(({ kind, seq }) => `${seq} ${kind}`);

function statusOf(row: Row | undefined): unknown {
  return row?.kind === "message" ? row.calls.get("c")?.status : undefined;
}

describe("createConversation", () => {
  it("tells a call with the message that asked for it", () => {
    const rows = fold([...prompt, message, finished]).rows();
    assert.deepEqual(kinds(rows), ["2 prompt", "3 message"]);
    assert.equal(statusOf(rows[1]), ToolCallStatus.OK);
  });

  it("tells a result by itself where its message came before the stretch", () => {
    assert.deepEqual(kinds(fold([finished], 40).rows()), ["40 result"]);
  });

  it("follows a call from its request over an approval to its end", () => {
    const approval = { id: "a", callId: "c" };
    const steps: Body[] = [
      { case: "approvalRequested", value: { approval } },
      { case: "approvalResolved", value: { approvalId: "a" } },
      { case: "toolCallStarted", value: { callId: "c", tool: "read" } },
      finished,
    ];
    const seen = steps.map((_, i) => statusOf(fold([message, ...steps.slice(0, i + 1)]).rows()[0]));
    assert.deepEqual(seen, ["waiting", "requested", "running", ToolCallStatus.OK]);
  });

  it("shows a draft in its place, and the message in the same row once it is settled", () => {
    const conversation = fold(prompt);
    const place = { sessionId: "s", turnId: "t", step: 1, draftId: "d" };
    conversation.addDelta(
      create(DeltaSchema, { ...place, piece: { case: "text", value: "I re" } }),
    );
    const [, draft] = conversation.rows();
    assert.ok(draft?.kind === "message" && draft.entry.isDraft);
    conversation.addEvent(
      create(EventSchema, { seq: 3n, sessionId: "s", turnId: "t", step: 1, body: message }),
    );
    const [, settled] = conversation.rows();
    assert.ok(settled?.kind === "message" && !settled.entry.isDraft);
    assert.equal(settled.key, draft.key);
  });

  it("gives the same row while nothing of it changed", () => {
    const conversation = fold([...prompt, message]);
    const before = conversation.rows();
    conversation.addEvent(
      create(EventSchema, { seq: 9n, sessionId: "s", turnId: "t", body: finished }),
    );
    const after = conversation.rows();
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
  });
});
