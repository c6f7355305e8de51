import type { Event } from "@daphnia/protocol/event";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useRef } from "react";
import { useSearchParams } from "wouter";
import { useLogVersion } from "../data/hooks.ts";
import { type Match, type Matches, useMatches } from "../data/matches.ts";
import type { SessionLog } from "../data/session-log.ts";
import { Chip, Chips } from "../parts/chips.tsx";
import { Empty } from "../parts/empty.tsx";
import { EventPanel } from "../parts/event-panel.tsx";
import { Filter, useFilterKey } from "../parts/filter.tsx";
import { useKeys } from "../parts/keys.ts";
import { ScrollBox } from "../parts/scroll-box.tsx";
import { bodyName, families, familyOf, summaryOf } from "../words/event-words.ts";
import { clockText, countText } from "../words/figures.ts";
import "../styles/raw.css";

const rowHeight = 28;

/** Every event as it is in the log: by seq, so that any place of a long session is at hand. */
export function Raw({ log }: { readonly log: SessionLog }) {
  useLogVersion(log);
  const [search, setSearch] = useSearchParams();
  const family = search.get("family") ?? "";
  const text = search.get("q") ?? "";
  const seq = Number(search.get("seq") ?? 0);
  const matches = useMatches(log, { family, text });
  const found = family === "" && text === "" ? undefined : matches;
  const field = useFilterKey();
  const choose = (news: Readonly<Record<string, string>>) =>
    setSearch((before) => changed(before, news), { replace: true });
  const head = log.head();
  const chosen = seq > 0 && seq <= head ? log.event(seq) : undefined;
  return (
    <div className="raw" data-split={chosen !== undefined || undefined}>
      <div className="filters">
        <Filter
          field={field}
          value={text}
          onChange={(value) => choose({ q: value })}
          label="Filter by text, tool, turn or call"
        />
        <Chips label="Family">
          {families.map((name) => (
            <Chip
              key={name}
              isOn={family === name}
              onClick={() => choose({ family: family === name ? "" : name })}
            >
              {name}
            </Chip>
          ))}
        </Chips>
        <span className="muted figure" role="status">
          {foundText(found, head)}
        </span>
      </div>
      <div className="raw-split">
        <RawList
          log={log}
          found={found}
          seq={seq}
          select={(next) => choose({ seq: next > 0 ? String(next) : "" })}
        />
        {chosen !== undefined && (
          <EventPanel
            event={chosen}
            before={seq > 1 ? log.event(seq - 1) : undefined}
            close={() => choose({ seq: "" })}
          />
        )}
      </div>
    </div>
  );
}

function changed(before: URLSearchParams, news: Readonly<Record<string, string>>): URLSearchParams {
  const next = new URLSearchParams(before);
  for (const [name, value] of Object.entries(news)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

function foundText(found: Matches | undefined, head: number): string {
  if (found === undefined) return countText(head, "event");
  const rest = found.isWhole ? "" : " read…";
  return `${found.matches.length.toLocaleString("en")} of ${found.scanned.toLocaleString("en")}${rest}`;
}

function RawList({
  log,
  found,
  seq,
  select,
}: {
  readonly log: SessionLog;
  readonly found: Matches | undefined;
  readonly seq: number;
  readonly select: (seq: number) => void;
}) {
  const matches = found?.matches;
  const count = matches === undefined ? log.head() : matches.length;
  // The same function while its answers are: else all rows are measured anew at each change.
  const seqAt = useCallback(
    (index: number) => (matches === undefined ? index + 1 : (matches[index]?.seq ?? 0)),
    [matches],
  );
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer<HTMLElement, HTMLElement>({
    count,
    getScrollElement: () => box.current,
    estimateSize: rowSize,
    getItemKey: seqAt,
    overscan: 10,
    anchorTo: "end",
    followOnAppend: found === undefined && seq === 0,
    scrollEndThreshold: 40,
  });
  usePlace(rows, { count, seq, isFiltered: found !== undefined });
  // The panel that opens takes room: the row stays in sight.
  useEffect(() => {
    if (seq > 0 && found === undefined) rows.scrollToIndex(seq - 1, { align: "auto" });
  }, [seq, found, rows]);
  const step = (by: 1 | -1) => {
    const next = placeAfter(seq, by, count, matches);
    if (next < 0 || next >= count) return;
    select(seqAt(next));
    rows.scrollToIndex(next, { align: "auto" });
  };
  useKeys([
    { key: "j", does: "next event", run: () => step(1) },
    { key: "k", does: "event before", run: () => step(-1) },
    { key: "Escape", does: "close the event", run: () => select(0) },
  ]);
  return (
    <ScrollBox label="Events" className="scroll raw-list" box={box}>
      {count === 0 && (
        <Empty>{found?.isWhole === false ? "Looking…" : "No event is like that."}</Empty>
      )}
      <ol className="virtual" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index, start }) => (
          <li key={key} style={{ transform: `translateY(${start}px)` }}>
            <RawRow
              seq={seqAt(index)}
              event={matches === undefined ? log.event(index + 1) : undefined}
              match={matches?.[index]}
              isChosen={seqAt(index) === seq}
              select={select}
            />
          </li>
        ))}
      </ol>
    </ScrollBox>
  );
}

function rowSize(): number {
  return rowHeight;
}

/** The row beside the one that is chosen; where none is, the first or the last. */
function placeAfter(
  seq: number,
  by: 1 | -1,
  count: number,
  matches: readonly Match[] | undefined,
): number {
  if (seq === 0) return by > 0 ? 0 : count - 1;
  if (matches === undefined) return seq - 1 + by;
  return matches.findIndex((one) => one.seq === seq) + by;
}

/** Begins at the event that the address names, else at the end. */
function usePlace(
  rows: { scrollToIndex: (index: number, options: { align: "center" | "end" }) => void },
  {
    count,
    seq,
    isFiltered,
  }: { readonly count: number; readonly seq: number; readonly isFiltered: boolean },
): void {
  const isPlaced = useRef(false);
  useEffect(() => {
    if (isPlaced.current || count === 0) return;
    isPlaced.current = true;
    if (isFiltered) return;
    if (seq > 0) rows.scrollToIndex(seq - 1, { align: "center" });
    else rows.scrollToIndex(count - 1, { align: "end" });
  }, [count, seq, isFiltered, rows]);
}

const RawRow = memo(function RawRow({
  seq,
  event,
  match,
  isChosen,
  select,
}: {
  readonly seq: number;
  readonly event: Event | undefined;
  readonly match: Match | undefined;
  readonly isChosen: boolean;
  readonly select: (seq: number) => void;
}) {
  const body = match?.body ?? event?.body.case;
  const time = match?.time ?? event?.time;
  const isKnown = event !== undefined || match !== undefined;
  return (
    <button
      type="button"
      className="raw-row"
      data-seq={seq}
      data-family={familyOf(body)}
      aria-pressed={isChosen}
      onClick={() => select(seq)}
    >
      <span className="figure raw-seq">{seq}</span>
      <time>{clockText(time)}</time>
      <span className="raw-name">{isKnown ? bodyName(body) : "…"}</span>
      <span className="raw-text">{match?.summary ?? (event && summaryOf(event))}</span>
    </button>
  );
});
