import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Event,
  EventSchema,
  MessageCompletedSchema,
  TurnFinishedSchema,
  TurnStartedSchema,
} from "@daphnia/protocol/event";
import { SessionSchema, SessionState } from "@daphnia/protocol/session";
import { type EventBody, kindOf } from "../src/core/log/event-bodies.ts";
import type { Append } from "../src/core/log/event-store.ts";
import { openSqliteStore } from "../src/plugins/sqlite/open-store.ts";
import { cacheFolder, repository } from "./bench-package.ts";
import { fail } from "./fail.ts";

export const sessions = 2000;
export const eventsOfSession = 500;
const batch = 250;
const written = Date.UTC(2026, 0, 1);

/** A home with a million events. */
export function largeHome(): Promise<string> {
  return homeOf("million", sessions, eventsOfSession);
}

/** A home written through the real store; made once by each name, then kept: copy what changes it. */
export async function homeOf(name: string, sessions: number, events: number): Promise<string> {
  const makers = ["server/src/plugins/sqlite/schema.ts", "server/bench/large-home.ts"];
  const hash = createHash("sha256");
  for (const file of makers) hash.update(readFileSync(join(repository, file)));
  const home = join(cacheFolder, `${name}-${hash.digest("hex").slice(0, 8)}`);
  const mark = join(home, "complete");
  if (existsSync(mark)) return home;
  for (const old of globSync(`${name}-*`, { cwd: cacheFolder })) {
    rmSync(join(cacheFolder, old), { recursive: true });
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  await fill(home, sessions, events);
  writeFileSync(mark, "");
  return home;
}

async function fill(home: string, sessions: number, events: number): Promise<void> {
  const store = openSqliteStore(home, { onFatal: fail, onCorrupt: fail, onStarved: fail });
  for (let done = 0; done < events; done += batch) {
    for (let first = 0; first < sessions; first += 20) {
      const ids = Array.from({ length: 20 }, (_, i) => `session-${first + i}`);
      const count = Math.min(batch, events - done);
      await Promise.all(ids.map((id) => store.events.append(batchOf(id, done, count))));
    }
  }
  await store.events.close();
}

function batchOf(sessionId: string, expectedSeq: number, count: number): Append {
  const events = Array.from({ length: count }, (_, i) => eventAt(sessionId, expectedSeq + i + 1));
  const head = create(SessionSchema, {
    ...{ id: sessionId, agent: "default", state: SessionState.IDLE, title: `talk ${sessionId}` },
    lastSeq: BigInt(expectedSeq + count),
  });
  return {
    sessionId,
    expectedSeq,
    events: events.map((event) => ({
      seq: Number(event.seq),
      kind: kindOf(event.body),
      time: written,
      bytes: toBinary(EventSchema, event),
    })),
    context: { agent: "default", labels: {} },
    head: { value: toBinary(SessionSchema, head), unfinished: false },
  };
}

/** A turn is its start, what the model said, and its end, over and over. */
export function eventAt(sessionId: string, seq: number): Event & { readonly body: EventBody } {
  const body = bodyAt(seq);
  const event = create(EventSchema, {
    seq: BigInt(seq),
    sessionId,
    time: timestampFromMs(written),
    turnId: `turn-${Math.ceil(seq / 3)}`,
  });
  return { ...event, body };
}

function bodyAt(seq: number): EventBody {
  if (seq % 3 === 1) {
    return { case: "turnStarted", value: create(TurnStartedSchema, { model: "scripted/demo" }) };
  }
  if (seq % 3 === 0) {
    return { case: "turnFinished", value: create(TurnFinishedSchema, { stopReason: "stop" }) };
  }
  const text = { kind: { case: "text", value: `what the model said in turn ${seq}` } } as const;
  const message = { messageId: `message-${seq}`, parts: [text] };
  return { case: "messageCompleted", value: create(MessageCompletedSchema, { message }) };
}
