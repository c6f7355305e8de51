import type { Daphnia } from "@daphnia/client";
import type { Session } from "@daphnia/protocol/session";
import type { Feed } from "../live/feed.ts";
import { msOf } from "../words/figures.ts";

/** All sessions, as the daemon's own projection tells them; what changes is asked for again. */
export interface SessionList {
  /** Changed last comes first; undefined until the first page is here. */
  all(): readonly Session[] | undefined;
  isWhole(): boolean;
  problem(): unknown;
  subscribe(listener: () => void): () => void;
}

const pageSize = 500;
/** Pages that are read without being asked for. */
const mostPages = 10;
/** Milliseconds in which changes of a session are gathered. */
const gather = 120;
/** Calls at a time. */
const atOnce = 4;

export function openSessionList({
  client,
  feed,
}: {
  readonly client: Daphnia;
  readonly feed: Feed;
}): SessionList {
  const sessions = new Map<string, Session>();
  const listeners = new Set<() => void>();
  const changed = new Set<string>();
  let sorted: readonly Session[] | undefined;
  let isWhole = false;
  let problem: unknown;
  let isPlanned = false;

  function tell(): void {
    if (problem === undefined || sessions.size > 0)
      sorted = [...sessions.values()].sort((a, b) => msOf(b.updateTime) - msOf(a.updateTime));
    for (const listener of listeners) listener();
  }

  /** Reads a page, notes what is on it, and says which comes next; empty on the last. */
  async function readPage(pageToken: string, seen: Set<string>): Promise<string> {
    const answer = await client.sessions.listSessions({ pageSize, pageToken });
    for (const session of answer.sessions) {
      if (isDaemons(session.id)) continue;
      seen.add(session.id);
      sessions.set(session.id, session);
    }
    isWhole = answer.nextPageToken === "";
    problem = undefined;
    tell();
    return answer.nextPageToken;
  }

  async function readAll(): Promise<void> {
    const seen = new Set<string>();
    try {
      let next = await readPage("", seen);
      for (let page = 1; next !== "" && page < mostPages; page++) next = await readPage(next, seen);
    } catch (error) {
      problem = error;
    }
    // What was deleted while nobody listened is in no page.
    if (isWhole && problem === undefined) {
      for (const id of sessions.keys()) if (!seen.has(id)) sessions.delete(id);
    }
    tell();
  }

  async function readOne(sessionId: string): Promise<void> {
    try {
      const { session } = await client.sessions.getSession({ sessionId });
      if (session !== undefined) sessions.set(sessionId, session);
    } catch (error) {
      problem = error; // the feed tells when the daemon is back; then all are read again
    }
  }

  async function readChanged(): Promise<void> {
    const ids = [...changed];
    changed.clear();
    for (let i = 0; i < ids.length; i += atOnce) {
      await Promise.all(ids.slice(i, i + atOnce).map(readOne));
      tell();
    }
    isPlanned = false;
    if (changed.size > 0) schedule();
  }

  function schedule(): void {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(() => void readChanged(), gather); // it never rejects
  }

  feed.onTold(({ events }) => {
    for (const { body, sessionId } of events) {
      if (body.case === "sessionDeleted") {
        sessions.delete(body.value.sessionId);
        changed.delete(body.value.sessionId);
        tell();
      } else if (!isDaemons(sessionId)) changed.add(sessionId);
    }
    if (changed.size > 0) schedule();
  });
  feed.onState(({ kind }) => {
    if (kind === "live") void readAll(); // it says itself what went wrong
  });
  void readAll();

  return {
    all: () => sorted,
    isWhole: () => isWhole,
    problem: () => problem,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Its own session is where it tells of itself: no conversation. */
function isDaemons(sessionId: string): boolean {
  return sessionId.startsWith("daemon.");
}
