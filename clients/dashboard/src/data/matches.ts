import type { Event } from "@daphnia/protocol/event";
import { useEffect, useState } from "react";
import { eventJson, familyOf, summaryOf } from "../words/event-words.ts";
import { client, feed } from "./client.ts";
import type { SessionLog } from "./session-log.ts";

/** An event that fits a filter: as little of it as a row shows. */
export interface Match {
  readonly seq: number;
  readonly time: Event["time"];
  readonly body: Event["body"]["case"];
  readonly summary: string;
}

export interface Matches {
  readonly matches: readonly Match[];
  /** Seq up to which was looked. */
  readonly scanned: number;
  readonly isWhole: boolean;
}

interface Filter {
  readonly family: string;
  readonly text: string;
}

const none: Matches = { matches: [], scanned: 0, isWhole: false };
/** Milliseconds after the last key before the log is read. */
const patience = 150;

/** The events of a session that fit, as they are found: the daemon sorts by family, the page by text. */
export function useMatches(log: SessionLog, { family, text }: Filter): Matches {
  const [found, setFound] = useState<Matches>(none);
  const { sessionId } = log;
  useEffect(() => {
    setFound(none);
    if (family === "" && text === "") return;
    const ended = new AbortController();
    const timer = setTimeout(() => {
      // It ends by its signal, and a daemon that is gone is waited for.
      void look(sessionId, { family, text }, setFound, ended.signal);
    }, patience);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [sessionId, family, text]);
  return found;
}

async function look(
  sessionId: string,
  filter: Filter,
  tell: (found: Matches) => void,
  signal: AbortSignal,
): Promise<void> {
  const fits = fitting(filter);
  const selector = { sessions: [sessionId], families: filter.family === "" ? [] : [filter.family] };
  let matches: Match[] = [];
  let scanned = 0;
  const add = (events: readonly Event[], isWhole: boolean) => {
    matches = [...matches, ...events.filter(fits).map(matchOf)];
    scanned = Number(events.at(-1)?.seq ?? scanned);
    tell({ matches, scanned, isWhole });
  };
  const live: Event[] = [];
  let isWhole = false;
  const stop = feed.onTold(({ events }) => {
    const own = events.filter(
      (one) =>
        one.sessionId === sessionId &&
        (!filter.family || familyOf(one.body.case) === filter.family),
    );
    if (own.length === 0) return;
    if (isWhole)
      add(
        own.filter(({ seq }) => Number(seq) > scanned),
        true,
      );
    else live.push(...own);
  });
  signal.addEventListener("abort", stop);
  const options = {
    selector,
    after: "beginning",
    noDeltas: true,
    untilCaughtUp: true,
    signal,
  } as const;
  for await (const { events } of client.watch(options)) {
    if (events.length > 0) add(events, false);
  }
  if (signal.aborted) return;
  isWhole = true;
  add(
    live.filter(({ seq }) => Number(seq) > scanned),
    true,
  );
}

function fitting({ text }: Filter): (event: Event) => boolean {
  const wanted = text.toLowerCase();
  return (event) => wanted === "" || eventJson(event).toLowerCase().includes(wanted);
}

function matchOf(event: Event): Match {
  const { seq, time, body } = event;
  return { seq: Number(seq), time, body: body.case, summary: summaryOf(event) };
}
