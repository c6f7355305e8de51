import { create } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Event } from "@daphnia/protocol/event";
import {
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
} from "@daphnia/protocol/message";
import type { Principal } from "@daphnia/protocol/principal";
import { ToolCallStatus } from "@daphnia/protocol/tool";

/** One message with its place, for people: nothing is left out. */
export interface TranscriptItem {
  readonly seq: number;
  readonly message: Message;
  readonly turnId: string;
  readonly step: number;
  readonly time: Timestamp | undefined;
  readonly interrupted: boolean;
  readonly superseded: boolean;
  readonly principal: Principal | undefined;
}

/** Everything that was said, in the order it was settled. */
export async function foldTranscript(events: AsyncIterable<Event>): Promise<TranscriptItem[]> {
  const prompts = new Map<string, { parts: readonly Part[]; principal: Principal | undefined }>();
  const items: TranscriptItem[] = [];
  const superseded = new Set<number>();
  const add = (event: Event, message: Message, extra: Partial<TranscriptItem> = {}) =>
    items.push({
      seq: Number(event.seq),
      message,
      turnId: event.turnId,
      step: event.step,
      time: event.time,
      interrupted: false,
      superseded: false,
      principal: undefined,
      ...extra,
    });
  for await (const event of events) {
    const { body } = event;
    switch (body.case) {
      case "promptAccepted":
        prompts.set(body.value.promptId, { parts: body.value.parts, principal: event.principal });
        break;
      case "promptDelivered": {
        const { promptId } = body.value;
        const prompt = prompts.get(promptId);
        const parts = [...(prompt?.parts ?? [])];
        const message = create(MessageSchema, { messageId: promptId, role: Role.USER, parts });
        add(event, message, { principal: prompt?.principal });
        prompts.delete(promptId);
        break;
      }
      case "messageCompleted":
        if (body.value.message)
          add(event, body.value.message, { interrupted: body.value.interrupted });
        break;
      case "stepRetried":
        superseded.add(Number(body.value.supersedesSeq));
        break;
      case "toolCallFinished":
        add(event, toolMessage(event, body.value));
        break;
    }
  }
  return items.map((item) => (superseded.has(item.seq) ? { ...item, superseded: true } : item));
}

function toolMessage(
  event: Event,
  finished: Extract<Event["body"], { case: "toolCallFinished" }>["value"],
): Message {
  const { callId, parts, status } = finished;
  const value = { callId, parts, isError: status !== ToolCallStatus.OK };
  const part = create(PartSchema, { kind: { case: "toolResult", value } });
  return create(MessageSchema, {
    messageId: `${event.sessionId}.${event.seq}`,
    role: Role.TOOL,
    parts: [part],
  });
}
