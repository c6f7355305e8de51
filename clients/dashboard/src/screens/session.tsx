import { type Session as SessionHead, SessionState } from "@daphnia/protocol/session";
import { Suspense, useEffect } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { useApprovals, useLogVersion, useSession, useSessionLog } from "../data/hooks.ts";
import { Composer } from "../parts/composer.tsx";
import { Empty, Loading } from "../parts/empty.tsx";
import { useKeys } from "../parts/keys.ts";
import { StateLabel } from "../parts/label.tsx";
import { later } from "../parts/later.ts";
import { Problem } from "../parts/problem.tsx";
import { costText, shortCount } from "../words/figures.ts";
import { firstLine, stateLabel } from "../words/words.ts";
import { Chat } from "./chat.tsx";
import "../styles/session.css";

const Timeline = later(async () => (await import("./timeline.tsx")).Timeline);
const Raw = later(async () => (await import("./raw.tsx")).Raw);
const Replay = later(async () => (await import("./replay.tsx")).Replay);

const views = [
  { name: "chat", title: "Chat", key: "c" },
  { name: "timeline", title: "Timeline", key: "t" },
  { name: "raw", title: "Raw", key: "r" },
  { name: "replay", title: "Replay", key: "p" },
] as const;

/** One session: its events in several projections, and what one can say to it. */
export function Session({
  sessionId,
  view,
}: {
  readonly sessionId: string;
  readonly view: string;
}) {
  const log = useSessionLog(sessionId);
  useLogVersion(log);
  const session = useSession(sessionId);
  const approvals = useApprovals()?.filter((one) => one.sessionId === sessionId);
  const [, go] = useLocation();
  const [search] = useSearchParams();
  const seq = Number(search.get("seq") ?? 0);
  const path = (name: string) => `/sessions/${sessionId}/${name}`;
  useKeys(
    views.map(({ name, title, key }) => ({
      key,
      does: title.toLowerCase(),
      run: () => go(path(name)),
    })),
  );
  useEffect(() => {
    if (session !== undefined)
      document.title = `${firstLine(session.title, 40) || session.id} · Daphnia`;
  }, [session]);
  const problem = log?.problem();
  return (
    <div className="screen tall session">
      <Head session={session} sessionId={sessionId} />
      <nav className="tabs" aria-label="Projections">
        {views.map(({ name, title }) => (
          <Link key={name} href={path(name)} aria-current={view === name ? "page" : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      {problem !== undefined && <Problem error={problem} what="This session cannot be read." />}
      {problem === undefined && log !== undefined && (
        <Suspense fallback={<Loading what="the events" />}>
          {view === "chat" && <Chat log={log} seq={seq} approvals={approvals ?? []} />}
          {view === "timeline" && <Timeline log={log} seq={seq} />}
          {view === "raw" && <Raw log={log} />}
          {view === "replay" && <Replay log={log} seq={seq} />}
          {!views.some(({ name }) => name === view) && <Empty>There is no such projection.</Empty>}
        </Suspense>
      )}
      {session !== undefined && (view === "chat" || view === "timeline") && (
        <Composer session={session} />
      )}
    </div>
  );
}

function Head({
  session,
  sessionId,
}: {
  readonly session: SessionHead | undefined;
  readonly sessionId: string;
}) {
  const tokens = Number((session?.usage?.inputTokens ?? 0n) + (session?.usage?.outputTokens ?? 0n));
  return (
    <header className="head">
      <h1 title={session?.title}>{firstLine(session?.title ?? "") || sessionId}</h1>
      {session !== undefined && (
        <div className="head-side">
          <StateLabel label={stateLabel(session.state, session.lastOutcome)} />
          <span>{session.agent}</span>
          {session.model !== "" && <span className="mono wide">{session.model}</span>}
          {tokens > 0 && <span className="figure">{shortCount(tokens)} tokens</span>}
          {session.state !== SessionState.UNSPECIFIED && session.usage !== undefined && (
            <span className={session.cost === undefined ? "figure wide" : "figure"}>
              {costText(session.cost, session.costIncomplete)}
            </span>
          )}
        </div>
      )}
    </header>
  );
}
