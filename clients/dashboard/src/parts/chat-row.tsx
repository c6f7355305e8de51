import { choiceText } from "@daphnia/client/choice-text";
import type { Event } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { memo } from "react";
import { Link } from "wouter";
import type { Row } from "../data/conversation.ts";
import {
  bytesText,
  clockText,
  costText,
  dateText,
  durationText,
  shortCount,
} from "../words/figures.ts";
import { errorText, outcomeLabel, plainWord, suspendText, whoText } from "../words/words.ts";
import { CallCard } from "./call-card.tsx";
import { StateLabel } from "./label.tsx";
import { RichText, SafeLink } from "./rich-text.tsx";
import { WholePart } from "./whole-part.tsx";

/** One row of a conversation. */
export const ChatRow = memo(function ChatRow({
  row,
  sessionId,
  isTarget,
}: {
  readonly row: Row;
  readonly sessionId: string;
  readonly isTarget: boolean;
}) {
  switch (row.kind) {
    case "prompt":
      return (
        <article
          className="said prompt"
          data-row
          data-target={isTarget || undefined}
          tabIndex={-1}
          aria-label="Prompt"
        >
          <header>
            <span className="who">{whoText(row.about.principal) || "somebody"}</span>
            <time title={dateText(row.about.time)}>{clockText(row.about.time)}</time>
          </header>
          {row.entry.parts.map((part, place) => (
            <PartView key={partKey(row.key, place)} part={part} isPlain />
          ))}
        </article>
      );
    case "message":
      return (
        <article
          className="said message"
          data-row
          data-target={isTarget || undefined}
          data-superseded={row.entry.superseded || undefined}
          tabIndex={-1}
          aria-label={row.entry.isDraft ? "Being written" : "Message"}
        >
          <header>
            <Link
              href={`/sessions/${sessionId}/turns/${row.entry.turnId}/steps/${row.entry.step}?at=${row.seq}`}
              className="step-link"
            >
              step {row.entry.step}
            </Link>
            <time title={dateText(row.about.time)}>{clockText(row.about.time)}</time>
            {row.entry.isDraft && <span className="writing">writing</span>}
            {row.entry.interrupted && (
              <span className="tag" data-tone="fail">
                cut off
              </span>
            )}
            {row.entry.superseded && <span className="tag">replaced by a later attempt</span>}
          </header>
          {row.entry.parts.map((part, place) =>
            part.kind.case === "toolCall" ? (
              <CallCard
                key={partKey(row.key, place)}
                asked={part.kind.value}
                call={row.calls.get(part.kind.value.callId)}
                sessionId={sessionId}
              />
            ) : (
              <PartView key={partKey(row.key, place)} part={part} isPlain={false} />
            ),
          )}
        </article>
      );
    case "result":
      return (
        <article
          className="said message"
          data-row
          data-target={isTarget || undefined}
          tabIndex={-1}
          aria-label="Tool call"
        >
          <CallCard asked={undefined} call={row.call} sessionId={sessionId} />
        </article>
      );
    case "note":
      return <Note event={row.event} isTarget={isTarget} />;
  }
});

function partKey(key: string, place: number): string {
  return `${key} ${place}`;
}

function PartView({ part, isPlain }: { readonly part: Part; readonly isPlain: boolean }) {
  const { kind, full } = part;
  switch (kind.case) {
    case "text":
      return (
        <>
          {isPlain ? <p className="plain">{kind.value}</p> : <RichText text={kind.value} />}
          {full && <WholePart blob={full} />}
        </>
      );
    case "thinking":
      return (
        <details className="thinking" open={kind.value.length < 400}>
          <summary>Thinking</summary>
          <p className="plain">{kind.value}</p>
          {full && <WholePart blob={full} />}
        </details>
      );
    case "blob":
      return <WholePart blob={kind.value} />;
    case "source":
      return (
        <p className="plain">
          Source:{" "}
          <SafeLink
            url={kind.value.url}
            title={kind.value.title || kind.value.url || kind.value.fileName}
          />
        </p>
      );
    case "opaque":
      return (
        <p className="plain muted">
          {kind.value.type} of {kind.value.provider}, {bytesText(kind.value.data.length)}
        </p>
      );
    default:
      return null; // calls are shown by their card, and a newer daemon's parts by nobody yet
  }
}

function Note({ event, isTarget }: { readonly event: Event; readonly isTarget: boolean }) {
  const { body, time, principal } = event;
  const place = { "data-row": true, "data-target": isTarget || undefined, tabIndex: -1 };
  switch (body.case) {
    case "turnFinished": {
      const { outcome, error, usage, cost, duration, stopReason } = body.value;
      const label = outcomeLabel(outcome);
      return (
        <div className="turn-end" {...place} data-tone={label.tone}>
          <div className="turn-facts">
            <StateLabel label={label} />
            <span>{durationText(duration)}</span>
            {usage && (
              <span>
                {shortCount(Number(usage.inputTokens))} in ·{" "}
                {shortCount(Number(usage.outputTokens))} out
              </span>
            )}
            <span>{costText(cost)}</span>
            {label.tone !== "ok" && stopReason !== "" && <span>{stopReason}</span>}
            <time title={dateText(time)}>{clockText(time)}</time>
          </div>
          {error && <p className="turn-error">{errorText(error)}</p>}
        </div>
      );
    }
    default:
      return (
        <p className="note" {...place}>
          <span>{noteText(event)}</span>
          <time title={dateText(time)}>{clockText(time)}</time>
          {principal && body.case !== "approvalResolved" && <span>{whoText(principal)}</span>}
        </p>
      );
  }
}

function noteText({ body, principal }: Event): string {
  switch (body.case) {
    case "stepRetried": {
      const { attempt, reason, delay } = body.value;
      return `Attempt ${attempt} in ${durationText(delay) || "a moment"}: ${errorText(reason)}`;
    }
    case "turnSuspended":
      return `Suspended: waits for ${suspendText(body.value.reason)}`;
    case "turnResumed":
      return `Goes on, for the ${ordinal(body.value.attempt)} time`;
    case "turnReverted": {
      const left = body.value.files.filter(({ problem }) => problem !== "").length;
      return `${body.value.files.length - left} files put back${left > 0 ? `, ${left} left as they are` : ""}`;
    }
    case "approvalResolved": {
      const { choice, expired, reason } = body.value;
      if (expired) return "Nobody answered in time: denied";
      if (principal === undefined) return `Nobody was asked any more${reason ? `: ${reason}` : ""}`;
      return `${choiceText(choice)} by ${whoText(principal)}${reason ? `: ${reason}` : ""}`;
    }
    case "scopeViolated":
      return `Refused: ${body.value.what} was not granted`;
    case "sessionUpdated":
      return "The session was changed";
    default:
      return plainWord(body.case);
  }
}

function ordinal(count: number): string {
  const words = ["", "first", "second", "third"];
  return words[count] ?? `${count}th`;
}
