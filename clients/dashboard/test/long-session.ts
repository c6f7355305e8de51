import { mkdir } from "node:fs/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  EventSchema,
  MessageCompletedSchema,
  PromptAcceptedSchema,
  PromptDeliveredSchema,
  SessionCreatedSchema,
  SessionUpdatedSchema,
  StepFinishedSchema,
  StepStartedSchema,
  ToolCallFinishedSchema,
  ToolCallStartedSchema,
  TurnFinishedSchema,
  TurnStartedSchema,
} from "@daphnia/protocol/event";
import { PartSchema } from "@daphnia/protocol/message";
import { SessionSchema, SessionState, TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { type EventBody, kindOf } from "../../../server/src/core/log/event-bodies.ts";
import { openSqliteStore } from "../../../server/src/plugins/sqlite/open-store.ts";

const batch = 500;
/** Events of a turn. */
const turn = 10;
const began = Date.UTC(2026, 0, 1);

/** Writes a session of many turns through the daemon's own store; no daemon may serve the home. */
export async function writeLongSession(home: string, id: string, count: number): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const fail = (error: unknown) => {
    throw error;
  };
  const store = openSqliteStore(home, { onFatal: fail, onCorrupt: fail, onStarved: fail });
  for (let done = 0; done < count; done += batch) {
    const last = Math.min(count, done + batch);
    const head = create(SessionSchema, {
      id,
      agent: "default",
      title: "A very long session",
      state: SessionState.IDLE,
      lastOutcome: TurnOutcome.COMPLETED,
      lastSeq: BigInt(last),
      createTime: timestampFromMs(began),
      updateTime: timestampFromMs(began + last * 10),
    });
    await store.events.append({
      sessionId: id,
      expectedSeq: done,
      events: Array.from({ length: last - done }, (_, i) => stored(id, done + i + 1)),
      context: { agent: "default", labels: {} },
      head: { value: toBinary(SessionSchema, head), unfinished: false },
    });
  }
  await store.events.close();
}

function stored(sessionId: string, seq: number) {
  const time = began + seq * 10;
  const number = Math.ceil(seq / turn);
  const place = seq % turn;
  const isOutside = place === 1 || place === 2;
  const body = bodyAt(seq, place, number);
  const event = create(EventSchema, {
    seq: BigInt(seq),
    sessionId,
    time: timestampFromMs(time),
    turnId: isOutside ? "" : `turn-${number}`,
    step: place >= 4 || place === 0 ? 1 : 0,
    // What happens in a turn is caused by its start, which is its third event.
    ...(place >= 4 && { cause: { sessionId, seq: BigInt(seq - place + 3) } }),
    body,
  });
  return { seq, kind: kindOf(body), time, bytes: toBinary(EventSchema, event) };
}

/** A turn as it is: a prompt, a step that calls a tool, its answer and the turn's end. */
function bodyAt(seq: number, place: number, number: number): EventBody {
  const callId = `call-${number}`;
  const promptId = `prompt-${number}`;
  const text = (value: string) => create(PartSchema, { kind: { case: "text", value } });
  if (seq === 1)
    return { case: "sessionCreated", value: create(SessionCreatedSchema, { agent: "default" }) };
  switch (place) {
    case 2: {
      const parts = [text(`Prompt ${number}: look at file ${number}`)];
      return { case: "promptAccepted", value: create(PromptAcceptedSchema, { promptId, parts }) };
    }
    case 3:
      return { case: "turnStarted", value: create(TurnStartedSchema, { model: "scripted/long" }) };
    case 4:
      return { case: "promptDelivered", value: create(PromptDeliveredSchema, { promptId }) };
    case 5:
      return {
        case: "stepStarted",
        value: create(StepStartedSchema, { provider: "scripted", model: "long" }),
      };
    case 6: {
      const value = { callId, tool: "read", arguments: `{"path":"file-${number}.txt"}` };
      const call = create(PartSchema, { kind: { case: "toolCall", value } });
      const message = {
        messageId: `message-${number}`,
        parts: [text(`I read file ${number}.`), call],
      };
      return { case: "messageCompleted", value: create(MessageCompletedSchema, { message }) };
    }
    case 7:
      return {
        case: "stepFinished",
        value: create(StepFinishedSchema, { finishReason: "tool_calls" }),
      };
    case 8:
      return {
        case: "toolCallStarted",
        value: create(ToolCallStartedSchema, { callId, tool: "read" }),
      };
    case 9: {
      const value = {
        callId,
        status: ToolCallStatus.OK,
        parts: [text(`line of file ${number}\n`.repeat(20))],
      };
      return { case: "toolCallFinished", value: create(ToolCallFinishedSchema, value) };
    }
    case 0:
      return {
        case: "turnFinished",
        value: create(TurnFinishedSchema, { outcome: TurnOutcome.COMPLETED }),
      };
    default:
      return {
        case: "sessionUpdated",
        value: create(SessionUpdatedSchema, { title: "A very long session" }),
      };
  }
}
