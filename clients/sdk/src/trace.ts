import type { Event } from "@daphnia/protocol/event";
import { toMicroseconds } from "./event-words.ts";
import { sumOf } from "./spending.ts";
import { createSessionFold, type SessionFold } from "./trace-session.ts";
import type { SessionSpan, TimeSpent, TurnSpan } from "./trace-spans.ts";

/**
 * What happened, as a tree: sessions of turns, of steps, of model calls and tool
 * calls, and below each what it made happen in other sessions. A fold over the
 * events of these sessions, each session's in order.
 */
export interface Trace {
  add(event: Event): void;
  /** The tree below a session; `now` ends what still runs. Undefined where it has no event. */
  session(sessionId: string, now: number): SessionSpan | undefined;
  /** The same with one turn of the session only. */
  turn(sessionId: string, turnId: string, now: number): SessionSpan | undefined;
}

/** Turns of one session that events of one place made happen. */
interface Offspring {
  readonly sessionId: string;
  isWhole: boolean;
  readonly turnIds: Set<string>;
}

export function createTrace(): Trace {
  const sessions = new Map<string, SessionFold>();

  function growTree(now: number) {
    const born = offspringOf(sessions);
    /** What another session's event made happen is told there, and only there. */
    const caused = new Map<string, Set<string>>();
    for (const { sessionId, turnIds } of [...born.values()].flatMap((here) => [...here.values()])) {
      caused.set(sessionId, new Set([...(caused.get(sessionId) ?? []), ...turnIds]));
    }

    /** Each place is asked once; so a circle, which no true log has, ends. */
    function take(sessionId: string, place: string): SessionSpan[] {
      const key = keyOf(sessionId, place);
      const here = born.get(key);
      born.delete(key);
      return [...(here?.values() ?? [])].flatMap(({ sessionId: id, isWhole, turnIds }) => {
        const child = sessions.get(id);
        const isTold = (turnId: string) =>
          turnIds.has(turnId) || (isWhole && !caused.get(id)?.has(turnId));
        return child === undefined ? [] : [grow(id, child, isTold, isWhole)];
      });
    }

    function grow(
      sessionId: string,
      session: SessionFold,
      isTold: (turnId: string) => boolean,
      isWhole: boolean,
    ): SessionSpan {
      const childrenOf = (place: string) => take(sessionId, place);
      const turns = session
        .turnIds()
        .filter(isTold)
        .flatMap((turnId) => session.span(turnId, now, childrenOf) ?? []);
      const children = isWhole ? childrenOf("") : [];
      return sessionSpan(sessionId, session, { turns, children, now, isWhole });
    }

    return { grow, caused };
  }

  return {
    add(event) {
      const { sessionId } = event;
      const session = sessions.get(sessionId) ?? createSessionFold(sessionId);
      sessions.set(sessionId, session);
      session.add(event);
    },
    session(sessionId, now) {
      const session = sessions.get(sessionId);
      if (session === undefined) return undefined;
      const { grow, caused } = growTree(now);
      return grow(sessionId, session, (turnId) => !caused.get(sessionId)?.has(turnId), true);
    },
    turn(sessionId, turnId, now) {
      const session = sessions.get(sessionId);
      if (session === undefined) return undefined;
      const span = growTree(now).grow(sessionId, session, (id) => id === turnId, false);
      return span.turns.length === 0 ? undefined : span;
    },
  };
}

/** What each place of each session made happen. */
function offspringOf(sessions: ReadonlyMap<string, SessionFold>) {
  const found = new Map<string, Map<string, Offspring>>();
  const links = [...sessions].flatMap(([sessionId, session]) =>
    session.links().map((link) => ({ ...link, sessionId })),
  );
  for (const { from, turnId, sessionId } of links) {
    const parent = sessions.get(from.sessionId);
    if (parent === undefined) continue;
    const place = keyOf(from.sessionId, parent.placeOf(from.seq));
    const here = found.get(place) ?? new Map<string, Offspring>();
    const one = here.get(sessionId) ?? { sessionId, isWhole: false, turnIds: new Set() };
    if (turnId === "") one.isWhole = true;
    else one.turnIds.add(turnId);
    found.set(place, here.set(sessionId, one));
  }
  return found;
}

function keyOf(sessionId: string, place: string): string {
  return `${sessionId} ${place}`;
}

function sessionSpan(
  sessionId: string,
  { head, links }: SessionFold,
  tree: {
    readonly turns: readonly TurnSpan[];
    readonly children: readonly SessionSpan[];
    readonly now: number;
    readonly isWhole: boolean;
  },
): SessionSpan {
  const { turns, children, now, isWhole } = tree;
  const parent = links().find(({ turnId }) => turnId === "")?.from;
  const ends = turns.map(({ endTime }) => endTime);
  const first = isWhole ? head.startTime : turns[0]?.startTime;
  const startTime = first ?? now;
  return {
    sessionId,
    agent: head.agent,
    title: head.title,
    parent: parent && { sessionId: parent.sessionId, seq: Number(parent.seq) },
    startTime,
    endTime: ends.includes(undefined)
      ? undefined
      : Math.max(startTime, ...ends.map((end) => end ?? now)),
    duration: toMicroseconds(turns.reduce((sum, { duration }) => sum + duration, 0)),
    time: turns
      .map(({ time }) => time)
      .reduce(addTimes, { model: 0, tools: 0, waiting: 0, other: 0 }),
    spent: sumOf([...turns, ...children].map((part) => part.spent)),
    turns,
    children,
  };
}

function addTimes(a: TimeSpent, b: TimeSpent): TimeSpent {
  return {
    model: toMicroseconds(a.model + b.model),
    tools: toMicroseconds(a.tools + b.tools),
    waiting: toMicroseconds(a.waiting + b.waiting),
    other: toMicroseconds(a.other + b.other),
  };
}
