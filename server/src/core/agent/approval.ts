import { create } from "@bufbuild/protobuf";
import { durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Approval,
  ApprovalChoice,
  ApprovalKind,
  ApprovalSchema,
} from "@daphnia/protocol/approval";
import {
  ApprovalRequestedSchema,
  type ApprovalResolved,
  ApprovalResolvedSchema,
} from "@daphnia/protocol/event";
import { type JudgedClaim, JudgedClaimSchema } from "@daphnia/protocol/permission";
import type { Fact } from "../log/session-writer.ts";
import { type Judgement, subjectOf } from "../permission/judge.ts";
import { proposeRules } from "../permission/propose.ts";
import type { ClaimedCall } from "../tool/tool.ts";
import { body } from "./facts.ts";
import { isPending, type OpenCall } from "./open-calls.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** Characters of arguments, of a diff and of what a claim is about that an approval holds. */
const mostArguments = 16 * 1024;
const mostDiff = 64 * 1024;
const mostSubject = 4096;
const mostClaims = 100;
/** Characters of arguments that are remembered, where a call is allowed for a session. */
const mostRemembered = 4096;

/** What a person is to decide about a call. */
export interface Doubt {
  readonly open: OpenCall;
  readonly claimed: ClaimedCall;
  readonly judgement: Judgement;
  /** The arguments, whole. */
  readonly text: string;
  readonly isLoop: boolean;
}

/** The question to a person. Rejects where the call could not do what it wants to. */
export async function askFor(doubt: Doubt, deps: TurnDeps): Promise<Approval> {
  const { open, claimed, judgement, text, isLoop } = doubt;
  const { tool, callId } = open.call;
  const questions = claimed.questions ?? [];
  const isQuestion = questions.length > 0;
  const rules = isQuestion || isLoop ? [] : proposeRules(judgement, tool);
  const now = deps.clock.now().getTime();
  const wait = deps.agent.approvalTimeout;
  const { rule, why } = isLoop
    ? { rule: "built-in:loop", why: `the same call ${open.streak} times in a row` }
    : judgement;
  return create(ApprovalSchema, {
    // Whoever has it can find the session, and with that what became of it.
    id: `${deps.place.sessionId}/${deps.mint("approval")}`,
    sessionId: deps.place.sessionId,
    turnId: deps.state().turnId,
    callId,
    agent: deps.agent.name,
    kind: isQuestion ? ApprovalKind.QUESTION : ApprovalKind.PERMISSION,
    tool,
    arguments: text.slice(0, mostArguments),
    diff: ((await claimed.preview?.()) ?? "").slice(0, mostDiff),
    claims: [...toldClaims(judgement)],
    rule: isQuestion ? "" : rule,
    why: isQuestion ? "" : why,
    questions: [...questions],
    choices: [...choicesOf(isQuestion, rules.length > 0, text.length <= mostRemembered)],
    rules: [...rules],
    requestTime: timestampFromMs(now),
    expireTime: timestampFromMs(now + (wait ? durationMs(wait) : deps.approvalTimeout())),
  });
}

function choicesOf(isQuestion: boolean, hasRules: boolean, isShort: boolean) {
  const { ALLOW_ONCE, ALLOW_SESSION, ALLOW_ALWAYS, DENY } = ApprovalChoice;
  if (isQuestion) return [ALLOW_ONCE, DENY];
  return [
    ALLOW_ONCE,
    ...(hasRules || isShort ? [ALLOW_SESSION] : []),
    ...(hasRules ? [ALLOW_ALWAYS] : []),
    DENY,
  ];
}

/** What was asked about an open call still holds: it would touch just the same. */
export function isSameDoubt({ open, judgement, isLoop }: Doubt): boolean {
  const { approval } = open;
  if (approval === undefined) return false;
  const wasLoop = approval.rule === "built-in:loop";
  const claims = toldClaims(judgement);
  return (
    wasLoop === isLoop &&
    claims.length === approval.claims.length &&
    claims.every(({ kind, subject }, i) => {
      const asked = approval.claims[i];
      return asked?.kind === kind && asked.subject === subject;
    })
  );
}

/** What a call would touch, as people are told. */
export function toldClaims({ claims }: Judgement): readonly JudgedClaim[] {
  return claims.slice(0, mostClaims).map(({ claim, action, rule, why }) =>
    create(JudgedClaimSchema, {
      kind: claim.kind,
      subject: subjectOf(claim).slice(0, mostSubject),
      ...{ action, rule, why: why.slice(0, mostSubject) },
    }),
  );
}

/** The fact that a person is asked. */
export function requested({ step }: OpenCall, approval: Approval): Fact {
  const { turnId } = approval;
  return { turnId, step, body: body("approvalRequested", ApprovalRequestedSchema, { approval }) };
}

/** Takes the question about a call back that gets its answer without; nothing where none waits. */
export function takenBack(open: OpenCall, turnId: string, reason: string): readonly Fact[] {
  if (!isPending(open)) return [];
  const value = { approvalId: open.approval?.id ?? "", choice: ApprovalChoice.DENY, reason };
  const resolved = body("approvalResolved", ApprovalResolvedSchema, value);
  return [{ turnId, step: open.step, body: resolved }];
}

export function isAllowed({ choice }: ApprovalResolved): boolean {
  return choice !== ApprovalChoice.DENY && choice !== ApprovalChoice.UNSPECIFIED;
}

/** Why it was denied, for the model. */
export function denialOf({ expired, reason }: ApprovalResolved): string {
  if (expired) return "Nobody answered in time, so this was denied. Nothing was done.";
  const said = reason === "" ? "" : ` They say: ${reason}`;
  return `A person denied this. Nothing was done.${said}`;
}
