import { fromBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import type { EventStore } from "../log/event-store.ts";

const page = 256;

/** A session's events behind a seq, up to another, in order. */
export async function* readEvents(
  store: EventStore,
  sessionId: string,
  afterSeq = 0,
  upToSeq = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<Event> {
  let seq = afterSeq;
  while (seq < upToSeq) {
    const most = Math.min(page, upToSeq - seq);
    const events = await store.readSession(sessionId, seq, most);
    for (const { bytes } of events) yield fromBinary(EventSchema, bytes);
    const last = events.at(-1);
    if (last === undefined) return;
    seq = last.seq;
  }
}
