import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { type Session, SessionSchema } from "@daphnia/protocol/session";
import { type MemoryStore, openMemoryStore } from "../../../plugins/memory/memory-store.ts";
import { kindOf } from "../../log/event-bodies.ts";
import type { StoredPiece } from "../../log/event-store.ts";
import { sessionHead } from "../../projection/session-head.ts";

/** A new store that holds the first events of a session, as a crash would have left it. */
export async function cutLog(
  from: MemoryStore,
  sessionId: string,
  count: number,
): Promise<MemoryStore> {
  const store = openMemoryStore(() => 0);
  let head: Session | undefined;
  for (const { seq, bytes } of await from.events.readSession(sessionId, 0, count)) {
    const event = fromBinary(EventSchema, bytes);
    head = sessionHead.apply(head, event);
    await store.events.append({
      sessionId,
      expectedSeq: seq - 1,
      events: [{ seq, kind: kindOf(event.body as never), time: 0, bytes }],
      context: { agent: head.agent, labels: {} },
      head: {
        value: toBinary(SessionSchema, head),
        unfinished: sessionHead.isUnfinished(head),
      },
      blobs: await blobsOf(event, from),
    });
  }
  return store;
}

/** The manifests that an event names. */
async function blobsOf({ body }: Event, from: MemoryStore) {
  const digest = body.case === "stepStarted" ? body.value.request?.digest : undefined;
  const blob = digest && (await from.blobs.read(digest, 0, Number.MAX_SAFE_INTEGER));
  return digest && blob ? [{ digest, ...blob }] : [];
}

/** The pieces of a draft: parts with what was said of each so far. */
export function piecesOf(
  parts: readonly { readonly start: Uint8Array; readonly text: string }[],
): StoredPiece[] {
  const pieces: StoredPiece[] = [];
  let total = 0;
  for (const [part, { start, text }] of parts.entries()) {
    const place = { part, offset: 0, total, delay: 0 };
    const bytes = new TextEncoder().encode(text);
    pieces.push({ ...place, index: pieces.length, isStart: true, bytes: start });
    pieces.push({ ...place, index: pieces.length, isStart: false, bytes });
    total += bytes.length;
  }
  return pieces;
}
