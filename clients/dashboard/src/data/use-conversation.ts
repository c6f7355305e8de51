import type { Delta, Event } from "@daphnia/protocol/event";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Conversation, createConversation, type Row } from "./conversation.ts";
import { pageSize } from "./event-pages.ts";
import { useLogVersion } from "./hooks.ts";
import type { SessionLog } from "./session-log.ts";

/** The stretch of a log that is shown: both ends included. */
export interface Stretch {
  readonly from: number;
  /** Undefined where it goes on with the log. */
  readonly to: number | undefined;
}

/** Events that a stretch begins with, at least. */
const first = 200;
/** Events that a stretch holds at most: what is far from where one reads goes. */
const most = 4000;

/** A stretch of a log that moves as somebody reads back and on. */
export interface StretchView {
  readonly stretch: Stretch | undefined;
  readonly older: () => void;
  readonly newer: () => void;
  readonly toEnd: () => void;
}

/** `at` is the seq that it begins around; 0 begins at the end. */
export function useStretch(log: SessionLog | undefined, at: number): StretchView {
  useLogVersion(log);
  const head = log?.head() ?? 0;
  const [stretch, setStretch] = useState<Stretch>();
  useEffect(() => {
    if (stretch !== undefined || head === 0) return;
    setStretch(
      at > 0 && at < head - first
        ? around(at, head)
        : { from: pageStart(head - first), to: undefined },
    );
  }, [stretch, head, at]);
  return {
    stretch,
    older: () =>
      setStretch((now) => {
        if (now === undefined || now.from === 1) return now;
        const from = pageStart(now.from - 1);
        const end = now.to ?? head;
        return { from, to: end - from > most ? from + most : now.to };
      }),
    newer: () =>
      setStretch((now) => {
        if (now?.to === undefined) return now;
        const to = now.to + pageSize;
        const from = Math.max(now.from, pageStart(to - most));
        return { from, to: to >= head ? undefined : to };
      }),
    toEnd: () =>
      setStretch((now) =>
        now?.to === undefined ? now : { from: pageStart(head - first), to: undefined },
      ),
  };
}

function around(at: number, head: number): Stretch {
  const from = pageStart(at - first);
  const to = from + 4 * pageSize;
  return { from, to: to >= head ? undefined : to };
}

function pageStart(seq: number): number {
  return Math.max(0, Math.floor((seq - 1) / pageSize)) * pageSize + 1;
}

/** The events of a stretch; those known before while some are still read. */
export function useEvents(
  log: SessionLog | undefined,
  stretch: Stretch | undefined,
): readonly Event[] | undefined {
  const version = useLogVersion(log);
  const known = useRef<readonly Event[]>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the log is another with each version
  return useMemo(() => {
    if (log === undefined || stretch === undefined) return known.current;
    const events = log.range(stretch.from, stretch.to ?? log.head());
    if (events !== undefined) known.current = events;
    return known.current;
  }, [log, stretch, version]);
}

interface Folded {
  readonly conversation: Conversation;
  readonly firstSeq: bigint | undefined;
  count: number;
}

/** A stretch of a log as rows. What is new is added to what is folded already. */
export function useRows(
  log: SessionLog | undefined,
  events: readonly Event[] | undefined,
  isAtEnd: boolean,
): readonly Row[] | undefined {
  const folded = useRef<Folded>(undefined);
  const waiting = useRef<Delta[]>([]);
  const [told, setTold] = useState(0);
  useEffect(
    () =>
      log?.onDeltas((deltas) => {
        waiting.current.push(...deltas);
        setTold((count) => count + 1);
      }),
    [log],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: `told` says that deltas wait
  return useMemo(() => {
    if (log === undefined || events === undefined) return undefined;
    const held = folded.current;
    const goesOn =
      held !== undefined && held.firstSeq === events[0]?.seq && held.count <= events.length;
    const fold = goesOn ? held : begin(events[0]?.seq);
    for (const event of events.slice(fold.count)) fold.conversation.addEvent(event);
    fold.count = events.length;
    const deltas = goesOn ? waiting.current : log.drafts();
    if (isAtEnd) for (const delta of deltas) fold.conversation.addDelta(delta);
    waiting.current = [];
    folded.current = fold;
    return fold.conversation.rows();
  }, [log, events, told, isAtEnd]);
}

function begin(firstSeq: bigint | undefined): Folded {
  return { conversation: createConversation(), firstSeq, count: 0 };
}
