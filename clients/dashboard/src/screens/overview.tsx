import type { Session } from "@daphnia/protocol/session";
import { SessionState, TurnOutcome } from "@daphnia/protocol/session";
import { Link } from "wouter";
import { useApprovals, useComponents, useNow, useSessions } from "../data/hooks.ts";
import { Empty, Loading } from "../parts/empty.tsx";
import { listKeys, useKeys } from "../parts/keys.ts";
import { StateLabel } from "../parts/label.tsx";
import { Problem } from "../parts/problem.tsx";
import { SessionRow } from "../parts/session-row.tsx";
import { countText, leftText, msOf } from "../words/figures.ts";
import { componentLabel, firstLine, subjectOf } from "../words/words.ts";

const day = 86_400_000;
const active: ReadonlySet<SessionState> = new Set([
  SessionState.RUNNING,
  SessionState.QUEUED,
  SessionState.SUSPENDED,
]);

/** What runs, what waits for whoever looks, and what went wrong lately. */
export function Overview() {
  const { sessions, problem } = useSessions();
  useKeys(listKeys());
  const now = useNow(true, 10_000);
  if (sessions === undefined) {
    if (problem !== undefined)
      return <Problem error={problem} what="The sessions cannot be read." />;
    return <Loading what="the sessions" />;
  }
  const running = sessions.filter(({ state }) => active.has(state));
  const failed = sessions.filter(
    ({ lastOutcome, state, updateTime }) =>
      state === SessionState.IDLE && hasFailed(lastOutcome) && now - msOf(updateTime) < day,
  );
  const rest = sessions.filter((one) => one.state === SessionState.IDLE && !failed.includes(one));
  return (
    <div className="screen">
      <header className="head">
        <h1>Overview</h1>
      </header>
      <Waiting now={now} sessions={sessions} />
      <Group title="Running" sessions={running} now={now} empty="Nothing runs." />
      <Group
        title="Failed in the last day"
        sessions={failed}
        now={now}
        empty="Nothing failed in the last day."
      />
      <ComponentsNow />
      <Group
        title="Lately"
        sessions={rest.slice(0, 8)}
        now={now}
        empty="There is no session yet."
      />
    </div>
  );
}

/** Components, at length only where one does not answer. */
function ComponentsNow() {
  const components = useComponents();
  if (components === undefined || components.length === 0) return null;
  const bad = components.filter(({ state }) => componentLabel(state).tone === "fail");
  return (
    <section className="group" aria-labelledby="components">
      <h2 id="components">Components</h2>
      {bad.length === 0 && (
        <Empty>{`None of ${countText(components.length, "component")} is down.`}</Empty>
      )}
      <ul className="rows">
        {bad.map(({ name, state, reason }) => (
          <li key={name}>
            <Link href={`/components?name=${name}`} className="row" data-row>
              <StateLabel label={componentLabel(state)} />
              <span className="mono">{name}</span>
              <span className="row-title muted">{reason}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function hasFailed(outcome: TurnOutcome): boolean {
  return outcome === TurnOutcome.FAILED || outcome === TurnOutcome.INTERRUPTED;
}

function Waiting({
  now,
  sessions,
}: {
  readonly now: number;
  readonly sessions: readonly Session[];
}) {
  const approvals = useApprovals();
  const titleOf = (sessionId: string) => sessions.find(({ id }) => id === sessionId)?.title ?? "";
  return (
    <section className="group" aria-labelledby="waiting">
      <h2 id="waiting">
        Waiting for you{" "}
        {approvals !== undefined && approvals.length > 0 && (
          <span className="count" data-tone="wait">
            {approvals.length}
          </span>
        )}
      </h2>
      {approvals?.length === 0 && <Empty>Nothing waits for you.</Empty>}
      <ul className="rows">
        {approvals?.slice(0, 5).map((approval) => (
          <li key={approval.id}>
            <Link href={`/approvals?id=${approval.id}`} className="row approval-row" data-row>
              <span className="row-title">
                <span className="mono">{approval.tool}</span> {firstLine(subjectOf(approval))}
              </span>
              <span className="row-side">
                <span className="agent">
                  {firstLine(titleOf(approval.sessionId)) || approval.agent}
                </span>
                <span className="figure">{leftText(msOf(approval.expireTime) - now)}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Group({
  title,
  sessions,
  now,
  empty,
}: {
  readonly title: string;
  readonly sessions: readonly Session[];
  readonly now: number;
  readonly empty: string;
}) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section className="group" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {sessions.length === 0 && <Empty>{empty}</Empty>}
      <ul className="rows">
        {sessions.map((session) => (
          <li key={session.id}>
            <SessionRow session={session} now={now} />
          </li>
        ))}
      </ul>
    </section>
  );
}
