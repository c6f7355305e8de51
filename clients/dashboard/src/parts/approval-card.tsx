import { create } from "@bufbuild/protobuf";
import { infoOf } from "@daphnia/client/reasons";
import {
  type Answer,
  AnswerSchema,
  type Approval,
  ApprovalChoice,
  ApprovalKind,
} from "@daphnia/protocol/approval";
import { type ReactNode, useRef, useState } from "react";
import { Link } from "wouter";
import { client } from "../data/client.ts";
import { useNow } from "../data/hooks.ts";
import { leftText, msOf } from "../words/figures.ts";
import { ruleText } from "../words/rules.ts";
import { prettyJson, subjectOf } from "../words/words.ts";
import { Claims } from "./claims.tsx";
import { Code } from "./code.tsx";
import { DiffView } from "./diff-view.tsx";
import { problemText } from "./problem.tsx";
import "../styles/approvals.css";
import { Questions } from "./questions.tsx";

const names: Readonly<Record<number, string>> = {
  [ApprovalChoice.ALLOW_ONCE]: "Allow once",
  [ApprovalChoice.ALLOW_SESSION]: "Allow for the session",
  [ApprovalChoice.ALLOW_ALWAYS]: "Allow always",
  [ApprovalChoice.DENY]: "Deny",
};

/** A question to a person, with all that one needs to answer it. */
export function ApprovalCard({
  approval,
  isCompact = false,
}: {
  readonly approval: Approval;
  readonly isCompact?: boolean;
}) {
  const {
    id,
    sessionId,
    agent,
    tool,
    kind,
    diff,
    claims,
    why,
    rule,
    rules,
    choices,
    questions,
    subject,
  } = approval;
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState("");
  const [isBusy, setBusy] = useState(false);
  const answers = useRef<readonly Answer[]>(questions.map(() => create(AnswerSchema, {})));
  const resolve = async (choice: ApprovalChoice) => {
    setBusy(true);
    setSaid(
      await answered(id, choice, choice === ApprovalChoice.DENY ? reason : "", answers.current),
    );
    setBusy(false);
  };
  const isQuestion = kind === ApprovalKind.QUESTION;
  return (
    <article
      className="approval"
      data-row
      tabIndex={-1}
      data-approval={id}
      aria-label={`${agent} asks: ${tool}`}
    >
      <header>
        <span className="approval-tool mono">{tool}</span>
        <span>
          {agent}
          {!isCompact && (
            <>
              {" in "}
              <Link href={`/sessions/${sessionId}/chat`}>{sessionId}</Link>
            </>
          )}
        </span>
        <Countdown approval={approval} />
      </header>
      {isQuestion ? (
        <Questions
          questions={questions}
          onChange={(next) => {
            answers.current = next;
          }}
        />
      ) : (
        <>
          <Code text={subjectOf(approval)} label="What it wants" lines={8} />
          <Subject subject={subject} />
          {diff !== "" && <DiffView diff={diff} label="What it would change" />}
          {why !== "" && (
            <p className="muted">
              Asked because {why} {rule !== "" && <span className="mono">({rule})</span>}
            </p>
          )}
          <Folded title="What it would touch, and its arguments">
            <Claims claims={claims} />
            <Code text={prettyJson(approval.arguments)} label="Arguments" />
          </Folded>
        </>
      )}
      {rules.length > 0 && (
        <p className="muted adds">
          <strong>Allow always</strong> would add: {rules.map((one) => ruleText(one)).join("; ")}
        </p>
      )}
      <div className="answers">
        {choices
          .filter((choice) => choice !== ApprovalChoice.DENY)
          .map((choice, place) => (
            <button
              key={choice}
              type="button"
              disabled={isBusy}
              className={place === 0 ? "button primary" : "button"}
              data-choice={ApprovalChoice[choice]}
              onClick={() => void resolve(choice)}
            >
              {buttonName(kind, choice)}
            </button>
          ))}
        <div className="deny">
          <input
            aria-label="Why it is denied, for the model"
            placeholder="Why not? The model reads it"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <button
            type="button"
            disabled={isBusy}
            className="button danger"
            data-choice="DENY"
            onClick={() => void resolve(ApprovalChoice.DENY)}
          >
            Deny
          </button>
        </div>
      </div>
      {said !== "" && (
        <p className="problem" role="alert">
          {said}
        </p>
      )}
    </article>
  );
}

function buttonName(kind: ApprovalKind, choice: ApprovalChoice): string | undefined {
  if (kind === ApprovalKind.QUESTION) return "Answer";
  return kind === ApprovalKind.TRUST ? "Trust it" : names[choice];
}

/** Why it was not the answer that counts; empty where it is. It never rejects. */
async function answered(
  approvalId: string,
  choice: ApprovalChoice,
  reason: string,
  answers: readonly Answer[],
): Promise<string> {
  try {
    const told = choice === ApprovalChoice.DENY ? [] : [...answers];
    await client.approvals.resolveApproval({ approvalId, choice, reason, answers: told });
    return "";
  } catch (error) {
    const info = infoOf(error);
    if (info?.reason !== "APPROVAL_RESOLVED") return problemText(error);
    const { by = "", choice: chosen = "", expired } = info.metadata;
    if (expired === "true") return "Too late: nobody answered in time, and it was denied.";
    return `${by || "Somebody"} was first: ${chosen.toLowerCase().replaceAll("_", " ")}.`;
  }
}

/** The component that is to be trusted, with all that models would read of it. */
function Subject({ subject }: { readonly subject: Approval["subject"] }) {
  if (subject === undefined) return null;
  return (
    <ul className="claims">
      {subject.tools.map(({ name, description, readOnly }) => (
        <li key={name}>
          <span className="mono">{name}</span>
          <span className="muted">
            {description}
            {readOnly && " (reads only)"}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Countdown({ approval: { requestTime, expireTime } }: { readonly approval: Approval }) {
  const now = useNow(true);
  if (expireTime === undefined) return null;
  const left = msOf(expireTime) - now;
  const whole = Math.max(1, msOf(expireTime) - msOf(requestTime));
  return (
    <span
      className="countdown"
      data-near={left < 60_000 || undefined}
      title="Denied then, if nobody answers"
    >
      <span className="figure">{leftText(left)}</span>
      <meter min={0} max={1} value={Math.max(0, left / whole)} aria-label="Time left" />
    </span>
  );
}

function Folded({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <details>
      <summary>{title}</summary>
      {children}
    </details>
  );
}
