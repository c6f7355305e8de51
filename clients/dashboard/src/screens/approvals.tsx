import { choiceText } from "@daphnia/client/choice-text";
import type { Event } from "@daphnia/protocol/event";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { useApprovals, useTold } from "../data/hooks.ts";
import { ApprovalCard } from "../parts/approval-card.tsx";
import { Empty, Loading } from "../parts/empty.tsx";
import { listKeys, moveFocus, useKeys } from "../parts/keys.ts";
import { clockText } from "../words/figures.ts";
import { whoText } from "../words/words.ts";

/** Answers that are remembered on the page. */
const most = 50;

/** What waits for a person, and what was answered while the page looked. */
export function Approvals() {
  const approvals = useApprovals();
  const [search] = useSearchParams();
  const [answered, setAnswered] = useState<readonly Event[]>([]);
  const wanted = search.get("id") ?? "";
  useTold(({ events }) => {
    const resolved = events.filter(({ body }) => body.case === "approvalResolved");
    if (resolved.length > 0)
      setAnswered((before) => [...resolved.toReversed(), ...before].slice(0, most));
  });
  const press = (choice: string) => {
    const card = document.activeElement?.closest("[data-approval]");
    if (card === null || card === undefined) moveFocus("[data-approval]", 1);
    card?.querySelector<HTMLButtonElement>(`[data-choice=${choice}]`)?.click();
  };
  useKeys([
    ...listKeys("[data-approval]"),
    { key: "a", does: "allow what is chosen, once", run: () => press("ALLOW_ONCE") },
    { key: "d", does: "deny what is chosen", run: () => press("DENY") },
  ]);
  const isHere = approvals?.some(({ id }) => id === wanted) ?? false;
  useEffect(() => {
    if (isHere)
      document.querySelector<HTMLElement>(`[data-approval="${CSS.escape(wanted)}"]`)?.focus();
  }, [isHere, wanted]);
  return (
    <div className="screen">
      <header className="head">
        <h1>Approvals</h1>
      </header>
      {approvals === undefined && <Loading what="what waits" />}
      {approvals?.length === 0 && <Empty>Nothing waits for you.</Empty>}
      <div className="approvals">
        {approvals?.map((approval) => (
          <ApprovalCard key={approval.id} approval={approval} />
        ))}
      </div>
      {answered.length > 0 && (
        <section className="group" aria-labelledby="answered">
          <h2 id="answered">Answered meanwhile</h2>
          <ul className="rows">
            {answered.map((event) => (
              <li key={event.cursor}>
                <Link href={`/sessions/${event.sessionId}/chat?seq=${event.seq}`} className="row">
                  <span className="row-title">{answerText(event)}</span>
                  <span className="row-side">
                    {event.sessionId}
                    <time>{clockText(event.time)}</time>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function answerText({ body, principal }: Event): string {
  if (body.case !== "approvalResolved") return "";
  const { choice, expired, reason, peer } = body.value;
  if (expired) return "Nobody answered in time: denied";
  if (principal === undefined) return "Nobody was asked any more";
  const from = peer === "" || peer === "socket" ? "" : ` from ${peer}`;
  return `${choiceText(choice)} by ${whoText(principal)}${from}${reason ? `: ${reason}` : ""}`;
}
