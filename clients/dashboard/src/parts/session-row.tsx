import type { Session } from "@daphnia/protocol/session";
import { memo } from "react";
import { Link } from "wouter";
import { ageText, costText, msOf, shortCount } from "../words/figures.ts";
import { firstLine, stateLabel } from "../words/words.ts";
import { StateLabel } from "./label.tsx";

/** A session in a list. */
export const SessionRow = memo(function SessionRow({
  session,
  now,
}: {
  readonly session: Session;
  readonly now: number;
}) {
  const { id, agent, title, state, lastOutcome, updateTime, usage, cost, costIncomplete } = session;
  const tokens = Number((usage?.inputTokens ?? 0n) + (usage?.outputTokens ?? 0n));
  return (
    <Link href={`/sessions/${id}/chat`} className="row session-row" data-row>
      <StateLabel label={stateLabel(state, lastOutcome)} />
      <span className="row-title">{firstLine(title) || id}</span>
      <span className="row-side">
        <span className="agent">{agent}</span>
        <span className="figure wide">{tokens > 0 ? `${shortCount(tokens)} tokens` : ""}</span>
        <span className="figure wide">
          {cost === undefined ? "" : costText(cost, costIncomplete)}
        </span>
        <span className="figure age">{ageText(now - msOf(updateTime))}</span>
      </span>
    </Link>
  );
});
