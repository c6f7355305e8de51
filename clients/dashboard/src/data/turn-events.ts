import type { Event } from "@daphnia/protocol/event";
import { useEffect, useState } from "react";
import { client } from "./client.ts";
import { useTold } from "./hooks.ts";

/**
 * All events of one turn, and what comes to it while one looks. `near` is the seq of one of
 * them, or 0: without it the whole session is looked through.
 */
export function useTurnEvents(
  sessionId: string,
  turnId: string,
  near: number,
): { readonly events: readonly Event[] | undefined; readonly problem: unknown } {
  const [events, setEvents] = useState<readonly Event[]>();
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    setEvents(undefined);
    setProblem(undefined);
    const ended = new AbortController();
    const read = async () => {
      try {
        const found = await readTurn({ sessionId, turnId, near }, ended.signal);
        if (!ended.signal.aborted) setEvents((before) => merged(found, before ?? []));
      } catch (error) {
        setProblem(error);
      }
    };
    void read(); // it tells its problems itself
    return () => ended.abort();
  }, [sessionId, turnId, near]);
  useTold((told) => {
    const own = told.events.filter((one) => one.sessionId === sessionId && one.turnId === turnId);
    if (own.length > 0) setEvents((before) => merged(before ?? [], own));
  });
  return { events, problem };
}

interface Turn {
  readonly sessionId: string;
  readonly turnId: string;
  readonly near: number;
}

async function readTurn(turn: Turn, signal: AbortSignal): Promise<readonly Event[]> {
  const { sessionId, turnId } = turn;
  const start = await startOf(turn, signal);
  const sessions = [sessionId];
  const place =
    start === undefined
      ? ({ selector: { sessions, turnId }, after: "beginning" } as const)
      : { selector: { sessions }, after: { seq: BigInt(start - 1) } };
  const events: Event[] = [];
  const options = { ...place, noDeltas: true, untilCaughtUp: true, signal };
  for await (const response of client.watch(options)) {
    events.push(...response.events.filter((event) => event.turnId === turnId));
    if (events.at(-1)?.body.case === "turnFinished") break;
  }
  return events;
}

/** Causes between an event of a turn and its start: a result's call, its step, the turn. */
const longestChain = 6;

/** The seq of a turn's start, found by what caused an event of it; undefined where that leads nowhere. */
async function startOf(
  { sessionId, turnId, near }: Turn,
  signal: AbortSignal,
): Promise<number | undefined> {
  let seq = near;
  for (let links = 0; links < longestChain && seq > 0; links++) {
    const event = await readOne(sessionId, seq, signal);
    if (event?.turnId !== turnId) return undefined;
    if (event.body.case === "turnStarted") return seq;
    seq = event.cause?.sessionId === sessionId ? Number(event.cause.seq) : 0;
  }
  return undefined;
}

async function readOne(
  sessionId: string,
  seq: number,
  signal: AbortSignal,
): Promise<Event | undefined> {
  const selector = { sessions: [sessionId] };
  const after = { seq: BigInt(seq - 1) };
  const options = { selector, after, noDeltas: true, untilCaughtUp: true, signal };
  for await (const { events } of client.watch(options)) {
    if (events[0] !== undefined) return events[0];
  }
  return undefined;
}

/** Each event once, by its seq. */
function merged(a: readonly Event[], b: readonly Event[]): readonly Event[] {
  const known = new Set(a.map(({ seq }) => seq));
  return [...a, ...b.filter(({ seq }) => !known.has(seq))].sort((x, y) => Number(x.seq - y.seq));
}
