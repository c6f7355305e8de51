import type { Event } from "@daphnia/protocol/event";

/** Ids of the calls that were requested, sorted. */
export function requestsOf(log: readonly Event[]): string[] {
  const messages = log.flatMap(({ body }) =>
    body.case === "messageCompleted" && !body.value.interrupted ? [body.value.message] : [],
  );
  const parts = messages.flatMap((message) => message?.parts ?? []);
  return parts.flatMap(({ kind }) => (kind.case === "toolCall" ? [kind.value.callId] : [])).sort();
}

/** Ids of the calls that were answered, sorted; one that was answered twice is there twice. */
export function answersOf(log: readonly Event[]): string[] {
  return log
    .flatMap(({ body }) => (body.case === "toolCallFinished" ? [body.value.callId] : []))
    .sort();
}

/** Each start of a call, by the call's id: which attempt it was. */
export function attemptsOf(log: readonly Event[]): Map<string, number[]> {
  const attempts = new Map<string, number[]>();
  for (const { body } of log) {
    if (body.case !== "toolCallStarted") continue;
    const { callId, attempt } = body.value;
    attempts.set(callId, [...(attempts.get(callId) ?? []), attempt]);
  }
  return attempts;
}
