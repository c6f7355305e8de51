import type { ToolCall } from "@daphnia/protocol/message";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { Call } from "../data/conversation.ts";
import { useNow } from "../data/hooks.ts";
import { durationText, lengthText, msOf } from "../words/figures.ts";
import { argumentsText, callLabel, prettyJson, textOf } from "../words/words.ts";
import { Code } from "./code.tsx";
import { DiffView } from "./diff-view.tsx";
import { StateLabel } from "./label.tsx";
import { WholePart } from "./whole-part.tsx";

/** A tool call: what was asked, how it went, what it answered and changed. */
export function CallCard({
  asked,
  call,
  sessionId,
}: {
  readonly asked: ToolCall | undefined;
  readonly call: Call | undefined;
  readonly sessionId: string;
}) {
  const status = call?.status ?? "requested";
  const label = callLabel(status);
  const [isOpen, setOpen] = useState(label.tone === "fail");
  const subject = asked ? argumentsText(asked.arguments) : (call?.callId ?? "");
  return (
    <section
      className="call"
      data-tone={label.tone}
      aria-label={`Call of ${asked?.tool ?? "a tool"}`}
    >
      <button
        type="button"
        className="call-head"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="mono call-tool">{asked?.tool ?? "a call"}</span>
        <span className="mono call-subject">{subject}</span>
        <span className="call-time">
          <CallTime call={call} />
        </span>
        <StateLabel label={label} />
      </button>
      {status === "waiting" && call?.approval && (
        <p className="call-wait">
          Waits for an answer. <Link href={`/approvals?id=${call.approval.id}`}>Answer</Link>
        </p>
      )}
      {status === "running" && call?.progress && <p className="muted call-wait">{call.progress}</p>}
      {status === "running" && !isOpen && call?.result && <Tail text={textOf(call.result.parts)} />}
      {isOpen && <Details asked={asked} call={call} sessionId={sessionId} />}
    </section>
  );
}

function CallTime({ call }: { readonly call: Call | undefined }) {
  const isRunning = call?.status === "running";
  const now = useNow(isRunning);
  if (call?.finished?.duration) return <>{durationText(call.finished.duration)}</>;
  if (isRunning && call.startTime)
    return <>{lengthText(Math.max(0, now - msOf(call.startTime)))}</>;
  return null;
}

/** The last lines that a running call printed. */
function Tail({ text }: { readonly text: string }) {
  const lines = text.trimEnd().split("\n").slice(-6).join("\n");
  return lines === "" ? null : <pre className="code tail">{lines}</pre>;
}

function Details({
  asked,
  call,
  sessionId,
}: {
  readonly asked: ToolCall | undefined;
  readonly call: Call | undefined;
  readonly sessionId: string;
}) {
  const parts = call?.result?.parts ?? call?.finished?.parts ?? [];
  const answer = textOf(parts);
  const blobs = parts.flatMap(({ kind, full }) =>
    kind.case === "blob" ? [kind.value] : full ? [full] : [],
  );
  const output = call?.finished?.output;
  return (
    <div className="call-body">
      {asked && (
        <Field name="Arguments">
          <Code text={prettyJson(asked.arguments)} label="Arguments" />
        </Field>
      )}
      {call?.changes.map(({ path, diff, notKept }) => (
        <Field key={path} name={path}>
          {diff !== "" && <DiffView diff={diff} label={`Changes of ${path}`} />}
          {notKept !== "" && <p className="muted">It cannot be put back: {notKept}</p>}
        </Field>
      ))}
      {answer !== "" && (
        <Field name={call?.status === "running" ? "Printed so far" : "What the model reads"}>
          <Code text={answer} label="Result" />
        </Field>
      )}
      {blobs.map((blob) => (
        <WholePart key={blob.digest} blob={blob} />
      ))}
      {output && (
        <Field name="All that it printed">
          <WholePart blob={output} />
        </Field>
      )}
      <p className="muted call-foot">
        <span className="mono">{call?.callId}</span>
        {call !== undefined && call.component !== "" && (
          <Link href={`/components?name=${call.component}`}>{call.component}</Link>
        )}
        {call !== undefined && call.pid > 0 && <span>pid {call.pid}</span>}
        <Link href={`/sessions/${sessionId}/raw?q=${call?.callId ?? ""}`}>events</Link>
      </p>
    </div>
  );
}

function Field({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="field">
      <h4>{name}</h4>
      {children}
    </div>
  );
}
