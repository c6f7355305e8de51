import { useQuery } from "@connectrpc/connect-query";
import { createTrace } from "@daphnia/client/trace";
import type { StepSpan } from "@daphnia/client/trace-spans";
import type { Event } from "@daphnia/protocol/event";
import { SessionService } from "@daphnia/protocol/session_service";
import { useEffect, useMemo, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { createConversation } from "../data/conversation.ts";
import { useSession } from "../data/hooks.ts";
import { useTurnEvents } from "../data/turn-events.ts";
import { ChatRow } from "../parts/chat-row.tsx";
import { Chips } from "../parts/chips.tsx";
import { Code } from "../parts/code.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { Loading } from "../parts/empty.tsx";
import { useKeys } from "../parts/keys.ts";
import { LineDiffView } from "../parts/line-diff-view.tsx";
import { Problem } from "../parts/problem.tsx";
import { StepFigures } from "../parts/step-figures.tsx";
import { bytesText } from "../words/figures.ts";
import { firstLine, prettyJson } from "../words/words.ts";
import "../styles/session.css";
import "../styles/step.css";

/** One call of the model: what it was sent, what it answered, what that took. */
export function Step({
  sessionId,
  turnId,
  step,
}: {
  readonly sessionId: string;
  readonly turnId: string;
  readonly step: number;
}) {
  const [search] = useSearchParams();
  const near = Number(search.get("at") ?? 0);
  const { events, problem } = useTurnEvents(sessionId, turnId, near);
  const session = useSession(sessionId);
  const [, go] = useLocation();
  const span = useMemo(
    () => spanOf(sessionId, turnId, step, events),
    [sessionId, turnId, step, events],
  );
  const rows = useMemo(() => rowsOf(events, step), [events, step]);
  const last = Math.max(0, ...(events?.map((event) => event.step) ?? []));
  const path = (number: number) =>
    `/sessions/${sessionId}/turns/${turnId}/steps/${number}${near > 0 ? `?at=${near}` : ""}`;
  useKeys([
    { key: "j", does: "next step", run: () => step < last && go(path(step + 1)) },
    { key: "k", does: "step before", run: () => step > 1 && go(path(step - 1)) },
    { key: "c", does: "back to the chat", run: () => go(`/sessions/${sessionId}/chat`) },
    { key: "t", does: "timeline", run: () => go(`/sessions/${sessionId}/timeline`) },
  ]);
  const finished = events?.find(
    (event) => event.step === step && event.body.case === "stepFinished",
  );
  const started = events?.find((event) => event.step === step && event.body.case === "stepStarted");
  useEffect(() => {
    document.title = `Step ${step} · Daphnia`;
  }, [step]);
  return (
    <div className="screen step">
      <header className="head">
        <h1>Step {step}</h1>
        <div className="head-side">
          <span>of</span>
          <Link href={`/sessions/${sessionId}/chat?seq=${started?.seq ?? 0}`}>
            {firstLine(session?.title ?? "", 60) || sessionId}
          </Link>
          {step > 1 && (
            <Link className="button small" href={path(step - 1)}>
              Step before
            </Link>
          )}
          {step < last && (
            <Link className="button small" href={path(step + 1)}>
              Next step
            </Link>
          )}
        </div>
      </header>
      {problem !== undefined && <Problem error={problem} what="This turn cannot be read." />}
      {events === undefined && problem === undefined && <Loading what="the step" />}
      {span !== undefined && <StepFigures span={span} started={started} finished={finished} />}
      {events !== undefined && (
        <>
          <Request sessionId={sessionId} turnId={turnId} step={step} />
          <section className="group" aria-labelledby="answer">
            <h2 id="answer">Answer and calls</h2>
            {rows.map((row) => (
              <ChatRow key={row.key} row={row} sessionId={sessionId} isTarget={false} />
            ))}
          </section>
        </>
      )}
    </div>
  );
}

function spanOf(
  sessionId: string,
  turnId: string,
  step: number,
  events: readonly Event[] | undefined,
): StepSpan | undefined {
  if (events === undefined) return undefined;
  const trace = createTrace();
  for (const event of events) trace.add(event);
  const turn = trace.turn(sessionId, turnId, Date.now())?.turns[0];
  return turn?.steps.find((one) => one.step === step);
}

function rowsOf(events: readonly Event[] | undefined, step: number) {
  const conversation = createConversation();
  for (const event of events ?? []) if (event.step === step) conversation.addEvent(event);
  return conversation.rows();
}

/** The exact request, or what is different in it from the step before. */
function Request({
  sessionId,
  turnId,
  step,
}: {
  readonly sessionId: string;
  readonly turnId: string;
  readonly step: number;
}) {
  const [search, setSearch] = useSearchParams();
  const isDiff = step > 1 && search.get("request") !== "whole";
  const mine = useQuery(SessionService.method.getStepRequest, { sessionId, turnId, step });
  const before = useQuery(
    SessionService.method.getStepRequest,
    { sessionId, turnId, step: step - 1 },
    { enabled: step > 1 },
  );
  const text = useBody(mine.data?.body);
  const earlier = useBody(before.data?.body);
  const choose = (whole: boolean) =>
    setSearch(
      (held) => {
        const next = new URLSearchParams(held);
        if (whole) next.set("request", "whole");
        else next.delete("request");
        return next;
      },
      { replace: true },
    );
  return (
    <section className="group" aria-labelledby="request">
      <h2 id="request">Request</h2>
      <div className="request-head">
        {step > 1 && (
          <Chips label="What is shown of the request">
            <button
              type="button"
              className="chip"
              aria-pressed={isDiff}
              onClick={() => choose(false)}
            >
              What is new since step {step - 1}
            </button>
            <button
              type="button"
              className="chip"
              aria-pressed={!isDiff}
              onClick={() => choose(true)}
            >
              Whole
            </button>
          </Chips>
        )}
        <span className="muted">
          {mine.data && `${mine.data.mediaType} · ${bytesText(mine.data.body.length)}`}
        </span>
        {text !== undefined && <CopyButton text={text} label="Copy" />}
        <CopyButton
          text={`daphnia request ${turnId} ${step}${isDiff ? " --diff" : ""}`}
          label="Copy as CLI"
        />
      </div>
      {mine.error !== null && <Problem error={mine.error} what="The request cannot be read." />}
      {mine.isPending && <Loading what="the request" />}
      {isDiff && text !== undefined && earlier !== undefined && (
        <LineDiffView before={earlier} after={text} />
      )}
      {!isDiff && text !== undefined && <Code text={text} label="The request" lines={40} />}
    </section>
  );
}

function useBody(body: Uint8Array | undefined): string | undefined {
  const [text, setText] = useState<string>();
  useEffect(() => setText(body && prettyJson(new TextDecoder().decode(body))), [body]);
  return text;
}
