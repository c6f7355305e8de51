import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Answer, type Approval, ApprovalKind } from "@daphnia/protocol/approval";
import { RuleAction } from "@daphnia/protocol/permission";
import { argumentsText } from "./call-text.ts";
import { durationText } from "./figures.ts";

/** What an approval is about, on one line and not yet escaped: the tool, and what asks. */
export function subjectText(approval: Approval): string {
  return [approval.tool, whatText(approval)].filter(Boolean).join(" ");
}

/** The command, path or host that asks, or the question. */
export function whatText(approval: Approval): string {
  const { kind, questions, claims, subject, arguments: json } = approval;
  if (kind === ApprovalKind.TRUST) return `trust in ${subject?.component ?? "a component"}`;
  if (kind === ApprovalKind.QUESTION) return questions.map(({ text }) => text).join(" ");
  const asking = claims.filter(({ action }) => action !== RuleAction.ALLOW);
  const subjects = (asking.length > 0 ? asking : claims).map(({ subject }) => subject);
  return subjects.filter(Boolean).join(", ") || argumentsText(json, Number.POSITIVE_INFINITY);
}

/** An answer to a question, not yet escaped. */
export function answerText({ labels, text }: Answer): string {
  return [...labels, text].filter(Boolean).join(", ");
}

/** How long an approval waits already, and how long it may yet. */
export function timesText({ requestTime, expireTime }: Approval, now: number) {
  const since = requestTime === undefined ? undefined : now - timestampMs(requestTime);
  const left = expireTime === undefined ? undefined : timestampMs(expireTime) - now;
  return { age: roundText(since), left: roundText(left) };
}

/** In whole seconds. */
function roundText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "";
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 60 ? `${seconds} s` : durationText(seconds * 1000);
}
