import type { Recorded } from "@daphnia/client/recording";
import type { Event } from "@daphnia/protocol/event";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import type { SessionLog } from "../data/session-log.ts";
import { useEvents, useStretch } from "../data/use-conversation.ts";
import { usePlayer, useRecording, useRowsAt } from "../data/use-replay.ts";
import { ChatRow } from "../parts/chat-row.tsx";
import { Chips } from "../parts/chips.tsx";
import { Empty, Loading } from "../parts/empty.tsx";
import { useKeys } from "../parts/keys.ts";
import { Problem } from "../parts/problem.tsx";
import { ScrollBox } from "../parts/scroll-box.tsx";
import { bodyName, summaryOf } from "../words/event-words.ts";
import { clockText, lengthText } from "../words/figures.ts";
import "../styles/replay.css";

/** A session as it went, to the delta: a stretch of it, to scrub through. */
export function Replay({ log, seq }: { readonly log: SessionLog; readonly seq: number }) {
  const { stretch, older } = useStretch(log, seq);
  const live = useEvents(log, stretch);
  const [events, setEvents] = useState<readonly Event[]>();
  const from = stretch?.from;
  // What happens meanwhile is not part of what is replayed.
  useEffect(() => {
    if (live !== undefined)
      setEvents((held) => (held !== undefined && held[0]?.seq === live[0]?.seq ? held : live));
  }, [live]);
  const { recording, problem } = useRecording(events);
  if (problem !== undefined) return <Problem error={problem} what="It cannot be replayed." />;
  if (recording === undefined)
    return log.head() === 0 ? (
      <Empty>Nothing happened here yet.</Empty>
    ) : (
      <Loading what="what was told" />
    );
  return (
    <Player
      key={`${recording.length} ${from}`}
      recording={recording}
      sessionId={log.sessionId}
      seq={seq}
      older={from !== undefined && from > 1 ? older : undefined}
    />
  );
}

/** Rows that are shown: the end of what was said until then. */
const mostRows = 60;

function Player({
  recording,
  sessionId,
  seq,
  older,
}: {
  readonly recording: readonly Recorded[];
  readonly sessionId: string;
  readonly seq: number;
  readonly older: (() => void) | undefined;
}) {
  const [, setSearch] = useSearchParams();
  const { place, isPlaying, speed, goTo, play, pause } = usePlayer(
    recording,
    startOf(recording, seq),
  );
  const rows = useRowsAt(recording, place);
  const now = recording[place - 1];
  const total = recording.at(-1)?.at ?? 0;
  const shown = eventBefore(recording, place);
  const box = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows what is shown
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [rows]);
  const shownSeq = String(shown?.seq ?? 0);
  useEffect(() => {
    if (!isPlaying) setSearch({ seq: shownSeq }, { replace: true });
  }, [isPlaying, shownSeq, setSearch]);
  const step = (by: 1 | -1) => goTo(placeOfEvent(recording, place, by));
  const toggle = () => (isPlaying ? pause() : play(speed));
  useKeys([
    { key: " ", does: "play or pause", run: toggle },
    { key: "l", does: "next event", run: () => step(1) },
    { key: "h", does: "event before", run: () => step(-1) },
    { key: "1", does: "play as it was", run: () => play(1) },
    { key: "2", does: "play ten times as fast", run: () => play(10) },
    { key: "3", does: "to the end at once", run: () => play(Number.POSITIVE_INFINITY) },
  ]);
  return (
    <div className="replay">
      <ScrollBox label="As it was" box={box}>
        {rows.length === 0 && <Empty>Nothing was said until here.</Empty>}
        {rows.slice(-mostRows).map((row) => (
          <ChatRow
            key={row.key}
            row={row}
            sessionId={sessionId}
            isTarget={row.seq > 0 && row.seq === Number(shown?.seq ?? 0)}
          />
        ))}
      </ScrollBox>
      <section className="player" aria-label="Player">
        <p className="player-now" aria-live={isPlaying ? "off" : "polite"}>
          <span className="figure">#{shownSeq}</span>
          <span className="mono">
            {shown ? bodyName(shown.body.case) : "before the first event"}
          </span>
          <span className="row-title">{shown ? summaryOf(shown) : ""}</span>
          <time>{shown ? clockText(shown.time) : ""}</time>
        </p>
        <input
          type="range"
          className="scrubber"
          aria-label="Place in the session"
          aria-valuetext={`event ${shownSeq}, ${lengthText(now?.at ?? 0)} of ${lengthText(total)}`}
          min={0}
          max={total}
          step="any"
          value={now?.at ?? 0}
          onChange={(event) => goTo(placeAt(recording, Number(event.target.value)))}
        />
        <div className="player-foot">
          <button
            type="button"
            className="button"
            onClick={() => step(-1)}
            aria-label="Event before"
          >
            ‹
          </button>
          <button type="button" className="button primary" onClick={toggle}>
            {isPlaying ? "Pause" : "Play"}
          </button>
          <button type="button" className="button" onClick={() => step(1)} aria-label="Next event">
            ›
          </button>
          <Chips label="Speed">
            <button
              type="button"
              className="chip"
              aria-pressed={speed === 1}
              onClick={() => play(1)}
            >
              1×
            </button>
            <button
              type="button"
              className="chip"
              aria-pressed={speed === 10}
              onClick={() => play(10)}
            >
              10×
            </button>
            <button
              type="button"
              className="chip"
              aria-pressed={false}
              onClick={() => play(Number.POSITIVE_INFINITY)}
            >
              instant
            </button>
          </Chips>
          <span className="spacer" />
          <span className="figure muted">
            {lengthText(now?.at ?? 0)} / {lengthText(total)}
          </span>
          {older && (
            <button type="button" className="button small" onClick={older}>
              From earlier on
            </button>
          )}
        </div>
      </section>
    </div>
  );
}

/** Behind the event that the address names; else at the end. */
function startOf(recording: readonly Recorded[], seq: number): number {
  if (seq === 0) return recording.length;
  const place = recording.findIndex((one) => one.kind === "event" && Number(one.event.seq) >= seq);
  return place < 0 ? recording.length : place + 1;
}

function placeAt(recording: readonly Recorded[], at: number): number {
  const place = recording.findIndex((one) => one.at > at);
  return place < 0 ? recording.length : place;
}

/** Behind the next event, or the one before. */
function placeOfEvent(recording: readonly Recorded[], place: number, by: 1 | -1): number {
  const isEvent = (one: Recorded) => one.kind === "event";
  if (by > 0) {
    const next = recording.slice(place).findIndex(isEvent);
    return next < 0 ? recording.length : place + next + 1;
  }
  return recording.slice(0, Math.max(0, place - 1)).findLastIndex(isEvent) + 1;
}

function eventBefore(recording: readonly Recorded[], place: number): Event | undefined {
  const found = recording.slice(0, place).findLast((one) => one.kind === "event");
  return found?.kind === "event" ? found.event : undefined;
}
