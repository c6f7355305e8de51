import assert from "node:assert/strict";
import type { Event } from "@daphnia/protocol/event";
import { type Message, Role } from "@daphnia/protocol/message";

/** Fails where a strict model server would: calls without their answers, odd roles, nothing said. */
export function assertStrict(messages: readonly Message[]): void {
  const roles = messages.map(({ role }) => Role[role]).join(" ");
  assert.equal(messages[0]?.role, Role.USER, roles);
  assert.notEqual(messages.at(-1)?.role, Role.ASSISTANT, roles);
  for (const [i, { role, parts }] of messages.entries()) {
    assert.ok(parts.length > 0, `message ${i} of ${roles} is empty`);
    const before = messages[i - 1];
    const asked = before?.role === Role.ASSISTANT ? callsOf(before) : [];
    const results = parts.flatMap(({ kind }) =>
      kind.case === "toolResult" ? [kind.value.callId] : [],
    );
    assert.deepEqual(results, asked, `${roles}: answers of message ${i}`);
    assert.equal(role === Role.TOOL, asked.length > 0, roles);
    assert.ok(role !== Role.ASSISTANT || before?.role !== Role.ASSISTANT, roles);
  }
}

/** Fails unless each requested call has one answer, and each turn ends once and last. */
export function assertAnswered(events: readonly Event[]): void {
  const requested = events.flatMap(({ body }) =>
    body.case === "messageCompleted" && !body.value.interrupted && body.value.message
      ? callsOf(body.value.message)
      : [],
  );
  const answered = events.flatMap(({ body }) =>
    body.case === "toolCallFinished" ? [body.value.callId] : [],
  );
  assert.deepEqual(answered.toSorted(), requested.toSorted());
  const turns = Map.groupBy(
    events.filter(({ turnId }) => turnId !== ""),
    ({ turnId }) => turnId,
  );
  for (const [turnId, told] of turns) {
    const ends = told.filter(({ body }) => body.case === "turnFinished");
    assert.equal(ends.length, 1, `${turnId} ends ${ends.length} times`);
    assert.equal(told.at(-1), ends[0], `${turnId} ends with its end`);
  }
}

function callsOf({ parts }: Message): string[] {
  return parts.flatMap(({ kind }) => (kind.case === "toolCall" ? [kind.value.callId] : []));
}
