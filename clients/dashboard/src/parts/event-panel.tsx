import type { Event } from "@daphnia/protocol/event";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { bodyName, eventJson } from "../words/event-words.ts";
import { dateText } from "../words/figures.ts";
import { whoText } from "../words/words.ts";
import { Code } from "./code.tsx";
import { CopyButton } from "./copy-button.tsx";

/** One event whole, and how to get it without this page. */
export function EventPanel({
  event,
  before,
  close,
}: {
  readonly event: Event;
  readonly before: Event | undefined;
  readonly close: () => void;
}) {
  const { sessionId, seq, turnId, step, time, cause, principal, body } = event;
  const json = eventJson(event);
  return (
    <aside className="panel" aria-label={`Event ${seq}`}>
      <header>
        <h2>
          <span className="figure">{String(seq)}</span> {bodyName(body.case)}
        </h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={close}>
          ×
        </button>
      </header>
      <dl className="facts">
        <Fact name="time">{dateText(time)}</Fact>
        {turnId !== "" && (
          <Fact name="turn">
            <Link href={`/sessions/${sessionId}/raw?q=${turnId}`}>{turnId}</Link>
          </Fact>
        )}
        {step > 0 && (
          <Fact name="step">
            <Link href={`/sessions/${sessionId}/turns/${turnId}/steps/${step}?at=${seq}`}>
              {step}
            </Link>
          </Fact>
        )}
        {cause !== undefined && (
          <Fact name="cause">
            <Link href={`/sessions/${cause.sessionId}/raw?seq=${cause.seq}`}>
              {cause.sessionId === sessionId ? "" : `${cause.sessionId} `}#{String(cause.seq)}
            </Link>
          </Fact>
        )}
        {principal !== undefined && <Fact name="by">{whoText(principal)}</Fact>}
      </dl>
      <div className="panel-actions">
        <CopyButton text={json} label="Copy JSON" />
        <CopyButton text={cliFor(event, before)} label="Copy as CLI" />
        <CopyButton text={curlFor(event, before)} label="Copy as curl" />
        <Link className="button small" href={`/sessions/${sessionId}/chat?seq=${seq}`}>
          In the chat
        </Link>
        <Link className="button small" href={`/sessions/${sessionId}/replay?seq=${seq}`}>
          Replay here
        </Link>
      </div>
      <Code text={json} label="The event as JSON" lines={400} />
    </aside>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Ids and cursors are plain words, so that no shell reads them otherwise. */
function cliFor({ sessionId }: Event, before: Event | undefined): string {
  const since = before === undefined ? "beginning" : before.cursor;
  return `daphnia events --session ${sessionId} --since ${since} --until-caught-up --json`;
}

function curlFor({ sessionId }: Event, before: Event | undefined): string {
  const asked = {
    selector: { sessions: [sessionId] },
    pageSize: 1,
    ...(before && { afterCursor: before.cursor }),
  };
  return [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills it in
    'curl --unix-socket "${DAPHNIA_HOME:-$HOME/.daphnia}/run/daphnia.sock"',
    "-H 'content-type: application/json'",
    `-d '${JSON.stringify(asked)}'`,
    "http://localhost/daphnia.v1.EventService/ListEvents",
  ].join(" \\\n  ");
}
