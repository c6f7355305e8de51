import { type Session, SessionState, TurnOutcome } from "@daphnia/protocol/session";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { useSearchParams } from "wouter";
import { useNow, useSessions } from "../data/hooks.ts";
import { Chips } from "../parts/chips.tsx";
import { Empty, Loading } from "../parts/empty.tsx";
import { Filter, useFilterKey } from "../parts/filter.tsx";
import { listKeys, useKeys } from "../parts/keys.ts";
import { NewSession } from "../parts/new-session.tsx";
import { Problem } from "../parts/problem.tsx";
import { ScrollBox } from "../parts/scroll-box.tsx";
import { SessionRow } from "../parts/session-row.tsx";
import { countText } from "../words/figures.ts";
import "../styles/sessions.css";

const states: readonly { readonly name: string; readonly is: (session: Session) => boolean }[] = [
  { name: "running", is: ({ state }) => state === SessionState.RUNNING },
  { name: "waiting", is: ({ state }) => state === SessionState.WAITING },
  {
    name: "queued",
    is: ({ state }) => state === SessionState.QUEUED || state === SessionState.SUSPENDED,
  },
  {
    name: "failed",
    is: ({ state, lastOutcome }) =>
      state === SessionState.IDLE &&
      (lastOutcome === TurnOutcome.FAILED || lastOutcome === TurnOutcome.INTERRUPTED),
  },
];

/** Every session, filtered by what the address says. */
export function Sessions() {
  const { sessions, isWhole, problem } = useSessions();
  const [search, setSearch] = useSearchParams();
  const now = useNow(true, 10_000);
  const field = useFilterKey();
  useKeys(listKeys());
  const [state, agent, text] = ["state", "agent", "q"].map((name) => search.get(name) ?? "");
  const agents = useMemo(
    () => [...new Set(sessions?.map((one) => one.agent) ?? [])].sort(),
    [sessions],
  );
  const shown = useMemo(
    () => sessions?.filter((one) => fits(one, { state, agent, text })),
    [sessions, state, agent, text],
  );
  const choose = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <div className="screen tall">
      <header className="head">
        <h1>Sessions</h1>
        <span className="head-side">
          {shown && countText(shown.length, "session")}
          {!isWhole && sessions && " · the newest"}
        </span>
        <NewSession />
      </header>
      <div className="filters">
        <Filter
          field={field}
          value={text ?? ""}
          onChange={(value) => choose("q", value)}
          label="Filter by title, id, folder or label"
        />
        <Chips label="State">
          {states.map(({ name }) => (
            <button
              key={name}
              type="button"
              className="chip"
              aria-pressed={state === name}
              onClick={() => choose("state", state === name ? "" : name)}
            >
              {name}
            </button>
          ))}
        </Chips>
        <select
          aria-label="Agent"
          value={agent}
          onChange={(event) => choose("agent", event.target.value)}
        >
          <option value="">all agents</option>
          {agents.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      {problem !== undefined && <Problem error={problem} what="The sessions cannot be read." />}
      {shown === undefined && problem === undefined && <Loading what="the sessions" />}
      {shown?.length === 0 && (
        <Empty>
          {sessions?.length === 0 ? "There is no session yet." : "No session is like that."}
        </Empty>
      )}
      {shown !== undefined && shown.length > 0 && <List sessions={shown} now={now} />}
    </div>
  );
}

interface Wanted {
  readonly state: string | undefined;
  readonly agent: string | undefined;
  readonly text: string | undefined;
}

function fits(session: Session, { state, agent, text }: Wanted): boolean {
  if (agent && session.agent !== agent) return false;
  if (state && !states.find(({ name }) => name === state)?.is(session)) return false;
  if (!text) return true;
  const labels = Object.entries(session.labels).map(([key, value]) => `${key}=${value}`);
  const words = [session.title, session.id, session.cwd, ...labels].join("\n").toLowerCase();
  return words.includes(text.toLowerCase());
}

function List({ sessions, now }: { readonly sessions: readonly Session[]; readonly now: number }) {
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => box.current,
    estimateSize: () => 45,
    getItemKey: (index) => sessions[index]?.id ?? index,
    overscan: 12,
  });
  return (
    <ScrollBox label="Sessions" box={box}>
      <ul className="rows virtual" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index, start }) => {
          const session = sessions[index];
          if (session === undefined) return null;
          return (
            <li
              key={key}
              data-index={index}
              ref={rows.measureElement}
              style={{ transform: `translateY(${start}px)` }}
            >
              <SessionRow session={session} now={now} />
            </li>
          );
        })}
      </ul>
    </ScrollBox>
  );
}
