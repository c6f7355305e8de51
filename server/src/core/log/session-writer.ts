import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import { type EventRef, type Session, SessionSchema } from "@daphnia/protocol/session";
import type { Clock } from "../../base/clock.ts";
import { DaemonError } from "../../base/errors.ts";
import type { PreparedBlob } from "./blob-store.ts";
import { type EventBody, kindOf } from "./event-bodies.ts";
import type { AnsweredRequest, Append, NewEvent, RecordChange } from "./event-store.ts";
import type { Log } from "./log.ts";

/** Bytes of the largest event. */
export const maxEventBytes = 1024 * 1024;

/** A fact that is not committed yet. */
export interface Fact {
  readonly body: EventBody;
  readonly turnId?: string;
  readonly step?: number;
  readonly cause?: EventRef;
  readonly principal?: Principal;
}

/** What goes into the same transaction as the facts. */
export interface Along {
  readonly settles?: readonly string[];
  readonly blobs?: readonly PreparedBlob[];
  /** The answer to keep for a retry; made of the head as it is after the facts. */
  readonly answer?: (head: Session) => AnsweredRequest;
  readonly records?: readonly RecordChange[];
  /** A session that goes with these facts, which announce it. */
  readonly deletes?: string;
}

/** A session's state as the fold of its events. Pure. */
export interface HeadFold {
  /** The head after an event. */
  apply(head: Session | undefined, event: Event): Session;
  /** True while a turn is open or a prompt waits. */
  isUnfinished(head: Session): boolean;
}

/** Facts that follow from the head; none where nothing is to be committed any more. */
export type FactsOf = (head: Session | undefined) => readonly Fact[];

/**
 * The one writer of one session.
 *
 * W1: commits happen one after another, in the order they were asked for.
 * W2: `head()` shows only what is synced.
 * W3: facts that follow from the head are made when their turn has come: nothing
 * is committed between the look and the commit. What they throw rejects the commit.
 */
export interface SessionWriter {
  readonly sessionId: string;
  /** Undefined before the first event. */
  head(): Session | undefined;
  commit(facts: readonly Fact[] | FactsOf, along?: Along): Promise<readonly Event[]>;
}

export function createSessionWriter(
  sessionId: string,
  start: Session | undefined,
  deps: { log: Log; fold: HeadFold; clock: Clock },
): SessionWriter {
  const { log, fold, clock } = deps;
  let head = start;
  let turn: Promise<unknown> = Promise.resolve();

  async function commitNow(
    given: readonly Fact[] | FactsOf,
    { deletes, answer, ...along }: Along,
  ): Promise<readonly Event[]> {
    const facts = typeof given === "function" ? given(head) : given;
    if (typeof given === "function" && facts.length === 0) return [];
    const expectedSeq = Number(head?.lastSeq ?? 0n);
    const now = clock.now();
    const events = facts.map((fact, i) =>
      create(EventSchema, {
        seq: BigInt(expectedSeq + i + 1),
        sessionId,
        time: timestampFromDate(now),
        turnId: fact.turnId ?? "",
        step: fact.step ?? 0,
        body: fact.body,
        ...(fact.cause && { cause: fact.cause }),
        ...(fact.principal && { principal: fact.principal }),
      }),
    );
    let next = head;
    for (const event of events) next = fold.apply(next, event);
    if (next === undefined) throw new Error("a commit needs a fact");
    const batch: Append = {
      sessionId,
      expectedSeq,
      events: events.map((event) => encode(event, now)),
      context: { agent: next.agent, labels: next.labels },
      head: { value: toBinary(SessionSchema, next), unfinished: fold.isUnfinished(next) },
      ...along,
      ...(answer && { request: answer(next) }),
    };
    if (deletes === undefined) await log.append(batch);
    else await log.deleteSession(deletes, batch);
    head = next;
    return events;
  }

  return {
    sessionId,
    head: () => head,
    commit(facts, along = {}) {
      const result = turn.then(() => commitNow(facts, along));
      turn = result.catch(() => {}); // the caller has the error; the next commit is tried
      return result;
    },
  };
}

function encode(event: Event, now: Date): NewEvent {
  if (event.body.case === undefined) throw new Error("an event needs a body");
  const bytes = toBinary(EventSchema, event);
  if (bytes.length > maxEventBytes) {
    throw new DaemonError(
      "resource_exhausted",
      `${event.body.case} is ${bytes.length} bytes; an event holds at most ${maxEventBytes}`,
      { reason: "LIMIT_REACHED", metadata: { limit: "max_event_bytes" } },
    );
  }
  return { seq: Number(event.seq), kind: kindOf(event.body), time: now.getTime(), bytes };
}
