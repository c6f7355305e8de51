import type { StepSpan } from "@daphnia/client/trace-spans";
import type { Event } from "@daphnia/protocol/event";
import type { ReactNode } from "react";
import { durationText, lengthText, moneyText } from "../words/figures.ts";
import { plainWord } from "../words/words.ts";

/** What a model call took: time, tokens, money, attempts. */
export function StepFigures({
  span,
  started,
  finished,
}: {
  readonly span: StepSpan;
  readonly started: Event | undefined;
  readonly finished: Event | undefined;
}) {
  const end = finished?.body.case === "stepFinished" ? finished.body.value : undefined;
  const start = started?.body.case === "stepStarted" ? started.body.value : undefined;
  const { usage, cost, costIncomplete } = span.own;
  return (
    <>
      <dl className="figures">
        <Figure name="model">{span.model}</Figure>
        <Figure name="first token">{durationText(end?.timeToFirstToken) || "unknown"}</Figure>
        <Figure name="model call">
          {durationText(end?.duration) || lengthText(span.attempts.at(-1)?.duration ?? 0)}
        </Figure>
        <Figure name="with its tools">{lengthText(span.duration)}</Figure>
        <Figure name="cost">
          {cost ? `${costIncomplete ? "≥ " : ""}${moneyText(cost)}` : "unknown"}
        </Figure>
        <Figure name="finish">{end?.finishReason || "—"}</Figure>
        <Figure name="tools offered">{start ? String(start.tools.length) : "—"}</Figure>
        {end?.providerRequestId && <Figure name="provider's id">{end.providerRequestId}</Figure>}
      </dl>
      {usage !== undefined && (
        <Tokens
          parts={[
            {
              name: "new input",
              count: usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens,
              kind: "model",
            },
            { name: "read from cache", count: usage.cacheReadTokens, kind: "tool" },
            { name: "written to cache", count: usage.cacheWriteTokens, kind: "before" },
            { name: "output", count: usage.outputTokens, kind: "child" },
          ]}
          thinking={usage.thinkingTokens}
        />
      )}
      {span.attempts.length > 1 && (
        <section className="group" aria-labelledby="attempts">
          <h2 id="attempts">Attempts</h2>
          <ol className="attempts">
            {span.attempts.map(({ attempt, status, error, waited, duration }) => (
              <li key={attempt}>
                <span className="tag" data-tone={status === "failed" ? "fail" : undefined}>
                  {status}
                </span>{" "}
                after {lengthText(duration)}
                {waited > 0 && `, waited ${lengthText(waited)} before`}
                {error && (
                  <span className="turn-error">{`${plainWord(error.kind)}: ${error.message}`}</span>
                )}
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function Figure({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface TokenPart {
  readonly name: string;
  readonly count: number;
  readonly kind: string;
}

/** The four buckets of tokens, as one bar and in figures. */
function Tokens({
  parts,
  thinking,
}: {
  readonly parts: readonly TokenPart[];
  readonly thinking: number;
}) {
  const sum = Math.max(
    1,
    parts.reduce((all, { count }) => all + count, 0),
  );
  return (
    <section className="group tokens" aria-labelledby="tokens">
      <h2 id="tokens">Tokens</h2>
      <div className="spent-bar" aria-hidden="true">
        {parts.map(({ name, count, kind }) => (
          <span key={name} data-bar={kind} style={{ width: `${(count / sum) * 100}%` }} />
        ))}
      </div>
      <dl className="figures">
        {parts.map(({ name, count, kind }) => (
          <div key={name}>
            <dt>
              <span className="swatch" data-bar={kind} aria-hidden="true" /> {name}
            </dt>
            <dd>{count.toLocaleString("en")}</dd>
          </div>
        ))}
        {thinking > 0 && <Figure name="of it thinking">{thinking.toLocaleString("en")}</Figure>}
      </dl>
    </section>
  );
}
