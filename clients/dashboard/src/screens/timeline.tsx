import { createTrace, type Trace } from "@daphnia/client/trace";
import type { TurnSpan } from "@daphnia/client/trace-spans";
import type { Event } from "@daphnia/protocol/event";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNow } from "../data/hooks.ts";
import type { SessionLog } from "../data/session-log.ts";
import { useEvents, useStretch } from "../data/use-conversation.ts";
import { waterfallOf } from "../data/waterfall.ts";
import { Empty, Loading } from "../parts/empty.tsx";
import { listKeys, useKeys } from "../parts/keys.ts";
import { ScrollBox } from "../parts/scroll-box.tsx";
import { AxisRow, SpanRow, TurnRow } from "../parts/waterfall-rows.tsx";
import "../styles/timeline.css";

/** Where the time of each turn went. */
export function Timeline({ log, seq }: { readonly log: SessionLog; readonly seq: number }) {
  const { stretch, older } = useStretch(log, seq);
  const events = useEvents(log, stretch);
  const trace = useTrace(events);
  const isRunning = useMemo(() => runs(events), [events]);
  const now = useNow(
    isRunning,
    matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 250,
  );
  /** What somebody opened or closed; else the last turn is open. */
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const rows = useMemo(() => {
    const session = trace?.session(log.sessionId, Math.max(now, lastTime(events)));
    if (session === undefined) return undefined;
    const last = session.turns.findLast(({ status }) => status !== "queued")?.turnId;
    const isOpen = (turnId: string) => chosen.get(turnId) ?? turnId === last;
    return waterfallOf(session, { isOpen, now: Math.max(now, lastTime(events)), firstNumber: 1 });
  }, [trace, log, now, chosen, events]);
  const box = useRef<HTMLElement>(null);
  const items = useVirtualizer({
    count: rows?.length ?? 0,
    getScrollElement: () => box.current,
    estimateSize: (index) => (rows?.[index]?.kind === "turn" ? 64 : 30),
    getItemKey: (index) => rows?.[index]?.key ?? index,
    overscan: 12,
    anchorTo: "end",
    followOnAppend: isRunning,
    scrollEndThreshold: 40,
  });
  useKeys(listKeys());
  const isPlaced = useRef(false);
  const count = rows?.length ?? 0;
  useEffect(() => {
    if (isPlaced.current || count === 0 || rows === undefined) return;
    isPlaced.current = true;
    const last = rows.findLastIndex((row) => row.kind === "turn" && row.isOpen);
    items.scrollToIndex(Math.max(0, last), { align: "start" });
  }, [count, rows, items]);
  if (rows === undefined)
    return log.head() === 0 ? (
      <Empty>Nothing happened here yet.</Empty>
    ) : (
      <Loading what="the timeline" />
    );
  if (rows.length === 0) return <Empty>No turn has begun yet.</Empty>;
  const toggle = ({ turnId }: TurnSpan, isOpen: boolean) =>
    setChosen((before) => new Map([...before, [turnId, !isOpen]]));
  return (
    <div className="timeline">
      <ul className="legend" aria-label="Legend">
        <li data-bar="before">waiting for the first token</li>
        <li data-bar="model">model</li>
        <li data-bar="tool">tools</li>
        <li data-bar="wait">waiting</li>
        <li data-bar="failed">failed</li>
      </ul>
      <ScrollBox label="Timeline" box={box}>
        {stretch !== undefined && stretch.from > 1 && (
          <button type="button" className="link older" onClick={older}>
            Earlier turns
          </button>
        )}
        <ol className="virtual" style={{ height: items.getTotalSize() }}>
          {items.getVirtualItems().map(({ key, index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <li
                key={key}
                data-index={index}
                ref={items.measureElement}
                style={{ transform: `translateY(${start}px)` }}
              >
                {row.kind === "turn" && (
                  <TurnRow turn={row.turn} isOpen={row.isOpen} toggle={toggle} />
                )}
                {row.kind === "axis" && <AxisRow from={row.from} to={row.to} />}
                {row.kind === "span" && <SpanRow row={row} />}
              </li>
            );
          })}
        </ol>
      </ScrollBox>
    </div>
  );
}

function lastTime(events: readonly Event[] | undefined): number {
  const time = events?.at(-1)?.time;
  return time === undefined ? 0 : Number(time.seconds) * 1000 + time.nanos / 1e6;
}

function runs(events: readonly Event[] | undefined): boolean {
  const last = events?.findLast(
    ({ body }) =>
      body.case === "turnStarted" || body.case === "turnFinished" || body.case === "turnResumed",
  );
  return last !== undefined && last.body.case !== "turnFinished";
}

/** A fold over the events that goes on with them, and begins anew when its start moves. */
function useTrace(events: readonly Event[] | undefined): Trace | undefined {
  const held = useRef<{ trace: Trace; first: bigint | undefined; count: number }>(undefined);
  return useMemo(() => {
    if (events === undefined) return undefined;
    const first = events[0]?.seq;
    const goesOn = held.current?.first === first && (held.current?.count ?? 0) <= events.length;
    const fold = goesOn && held.current ? held.current : { trace: createTrace(), first, count: 0 };
    for (const event of events.slice(fold.count)) fold.trace.add(event);
    held.current = { ...fold, count: events.length };
    return fold.trace;
  }, [events]);
}
