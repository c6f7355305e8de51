import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@daphnia/protocol/event";

type Told = Exclude<MessageInitShape<typeof EventSchema>, Event>;

/** Writes the log of one session: each event with the next seq, `at` milliseconds after 1970. */
export function createRecorder(sessionId: string) {
  let seq = 0n;
  return (at: number, body: NonNullable<Told["body"]>, place: Told = {}): Event =>
    create(EventSchema, { ...place, sessionId, seq: ++seq, time: timestampFromMs(at), body });
}

/** Bodies as a turn tells them, with what matters to a fold. */
export const bodies = {
  created: (agent: string) => ({ case: "sessionCreated", value: { agent } }) as const,
  accepted: (promptId: string, text: string) => ({
    case: "promptAccepted" as const,
    value: { promptId, parts: [textPart(text)] },
  }),
  delivered: (promptId: string) => ({ case: "promptDelivered", value: { promptId } }) as const,
  turnStarted: () => ({ case: "turnStarted", value: { model: "p/m" } }) as const,
  stepStarted: () => ({ case: "stepStarted", value: { provider: "p", model: "m" } }) as const,
  message: (...parts: ReturnType<typeof textPart | typeof callPart>[]) => ({
    case: "messageCompleted" as const,
    value: { draftId: "draft-1", message: { parts } },
  }),
  stepFinished: (ms: number, first: number, spent: { tokens?: number; nanos?: number } = {}) => {
    const { tokens, nanos } = spent;
    const told = {
      duration: durationFromMs(ms),
      timeToFirstToken: durationFromMs(first),
      ...(tokens !== undefined && {
        usage: { inputTokens: BigInt(tokens), outputTokens: 1n, cacheReadTokens: 2n },
      }),
      ...(nanos !== undefined && { cost: { currency: "USD", nanos: BigInt(nanos) } }),
    };
    return { case: "stepFinished", value: told } as const;
  },
  callStarted: (callId: string) =>
    ({ case: "toolCallStarted", value: { callId, attempt: 1 } }) as const,
  callFinished: (callId: string, status: number, ms?: number) => {
    const duration = ms === undefined ? {} : { duration: durationFromMs(ms) };
    return { case: "toolCallFinished", value: { callId, status, ...duration } } as const;
  },
  requested: (id: string, callId: string) =>
    ({ case: "approvalRequested", value: { approval: { id, callId } } }) as const,
  resolved: (approvalId: string) => ({ case: "approvalResolved", value: { approvalId } }) as const,
  turnFinished: (outcome: number, ms: number) =>
    ({ case: "turnFinished", value: { outcome, duration: durationFromMs(ms) } }) as const,
};

export function textPart(value: string) {
  return { kind: { case: "text", value } } as const;
}

export function callPart(callId: string, tool: string, text = "{}") {
  return { kind: { case: "toolCall", value: { callId, tool, arguments: text } } } as const;
}
