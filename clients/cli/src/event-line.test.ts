import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EventSchema } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { eventLine, type LineStyle } from "./event-line.ts";

const style: LineStyle = { paint: (_style, text) => text, columns: 1000, session: "whole" };
const time = timestampFromDate(new Date(2026, 0, 2, 3, 4, 5, 6));
const event = (body: NonNullable<MessageInitShape<typeof EventSchema>["body"]>) =>
  create(EventSchema, { seq: 7n, sessionId: "session-1", time, body });

describe("eventLine", () => {
  it("says when, where and what on one line", () => {
    const line = eventLine(event({ case: "turnStarted", value: { model: "a/b" } }), style);
    assert.equal(line, "03:04:05.006 session-1    7 turn_started       a/b");
  });

  it("shows control characters and newlines of tool output", () => {
    const value = {
      status: ToolCallStatus.OK,
      duration: durationFromMs(12),
      parts: [{ kind: { case: "text", value: "one\n\u001b[2Jtwo" } as const }],
    };
    const line = eventLine(event({ case: "toolCallFinished", value }), style);
    assert.equal(
      line,
      "03:04:05.006 session-1    7 tool_call_finished ok · 12 ms · one\\n\\x1b[2Jtwo",
    );
  });

  it("fits the terminal", () => {
    const value = { reason: "x".repeat(500) };
    const narrow = { ...style, columns: 80, session: "none" } as const;
    const line = eventLine(event({ case: "daemonStopping", value }), narrow);
    assert.ok(line.length <= 80, line);
    assert.ok(line.endsWith("…"));
  });

  it("says what a failed turn failed of", () => {
    const value = {
      outcome: TurnOutcome.FAILED,
      error: { kind: 2, message: "slow down" },
      duration: durationFromMs(1500),
    };
    const line = eventLine(event({ case: "turnFinished", value }), { ...style, session: "none" });
    assert.equal(
      line,
      "03:04:05.006    7 turn_finished      failed · rate limit: slow down · tokens unknown · cost unknown · 1.5 s",
    );
  });

  it("shows an event that it does not know", () => {
    const unknown = create(EventSchema, { seq: 1n, sessionId: "s", time });
    assert.match(eventLine(unknown, style), /unknown +an event of a newer daemon/);
  });

  it("says what waits, how it was answered, and what was put back", () => {
    const names = { ...style, session: "none" } as const;
    const said = (body: NonNullable<MessageInitShape<typeof EventSchema>["body"]>, id = "") =>
      eventLine(create(EventSchema, { seq: 7n, time, body, principal: { id } }), names).slice(18);
    const claims = [
      { kind: "read", subject: "/r", action: 1 },
      { kind: "run", subject: "rm -rf /r/x", action: 2 },
    ];
    const approval = { id: "s/approval-1", tool: "bash", claims };
    assert.equal(
      said({ case: "approvalRequested", value: { approval } }),
      "approval_requested bash rm -rf /r/x · s/approval-1",
    );
    const approvalId = "s/approval-1";
    assert.equal(
      said(
        { case: "approvalResolved", value: { approvalId, choice: 4, reason: "not now" } },
        "you",
      ),
      "approval_resolved  denied by you · not now · s/approval-1",
    );
    assert.equal(
      said({ case: "approvalResolved", value: { approvalId, choice: 4, expired: true } }),
      "approval_resolved  nobody answered in time: denied · s/approval-1",
    );
    const files = [{ path: "/r/a" }, { path: "/r/b", problem: "it changed since" }];
    assert.equal(
      said({ case: "turnReverted", value: { turnId: "turn-1", files } }),
      "turn_reverted      turn-1: 1 file put back · /r/b: it changed since",
    );
    assert.equal(
      said({ case: "scopeViolated", value: { callId: "c", what: "bash" } }),
      "scope_violated     bash · c",
    );
  });
});
