import { create } from "@bufbuild/protobuf";
import { durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Approval,
  ApprovalChoice,
  ApprovalKind,
  ApprovalSchema,
  type Question,
} from "@daphnia/protocol/approval";
import {
  ApprovalRequestedSchema,
  type ApprovalResolved,
  ApprovalResolvedSchema,
} from "@daphnia/protocol/event";
import { type JudgedClaim, JudgedClaimSchema, RuleAction } from "@daphnia/protocol/permission";
import type { Fact } from "../log/session-writer.ts";
import { type Judgement, subjectOf } from "../permission/judge.ts";
import { proposeRules } from "../permission/propose.ts";
import type { ClaimedCall, SampleRequest } from "../tool/tool.ts";
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
  const kind = kindOf(claimed);
  const isPermission = kind === ApprovalKind.PERMISSION;
  const rules = isPermission && !isLoop ? proposeRules(judgement, open.call.tool) : [];
  const { rule, why } = isLoop
    ? { rule: "built-in:loop", why: `the same call ${open.streak} times in a row` }
    : judgement;
  return create(ApprovalSchema, {
    ...frameOf(open, deps),
    kind,
    arguments: text.slice(0, mostArguments),
    diff: ((await claimed.preview?.()) ?? "").slice(0, mostDiff),
    claims: [...toldClaims(judgement)],
    rule: isPermission ? rule : "",
    why: isPermission ? why : "",
    questions: [...(claimed.questions ?? [])],
    ...(claimed.trust && { subject: claimed.trust }),
    choices: [...choicesOf(kind, rules.length > 0, text.length <= mostRemembered)],
    rules: [...rules],
  });
}

/** What a running call wants to know. */
export function questionFor(
  open: OpenCall,
  questions: readonly Question[],
  deps: TurnDeps,
): Approval {
  return create(ApprovalSchema, {
    ...frameOf(open, deps),
    kind: ApprovalKind.QUESTION,
    arguments: open.call.arguments.slice(0, mostArguments),
    questions: [...questions],
    choices: [...choicesOf(ApprovalKind.QUESTION, false, false)],
  });
}

/** Whether the agent's model may answer what a running call would ask it. */
export function sampleFor(open: OpenCall, request: SampleRequest, deps: TurnDeps): Approval {
  const why = "it would have your agent's model answer this, at your cost";
  const claim = { kind: "use", subject: open.call.tool, action: RuleAction.ASK };
  const rule = "built-in:sampling";
  return create(ApprovalSchema, {
    ...frameOf(open, deps),
    kind: ApprovalKind.PERMISSION,
    arguments: JSON.stringify(request).slice(0, mostArguments),
    claims: [create(JudgedClaimSchema, { ...claim, rule, why })],
    ...{ rule, why },
    choices: [ApprovalChoice.ALLOW_ONCE, ApprovalChoice.DENY],
  });
}

/** Who asks, and until when. */
function frameOf({ call }: OpenCall, deps: TurnDeps) {
  const { tool, callId } = call;
  const { sessionId } = deps.place;
  const now = deps.clock.now().getTime();
  const wait = deps.agent.approvalTimeout;
  return {
    // Whoever has it can find the session, and with that what became of it.
    id: `${sessionId}/${deps.mint("approval")}`,
    ...{ sessionId, turnId: deps.state().turnId, callId, tool, agent: deps.agent.name },
    requestTime: timestampFromMs(now),
    expireTime: timestampFromMs(now + (wait ? durationMs(wait) : deps.approvalTimeout())),
  };
}

function kindOf({ trust, questions }: ClaimedCall): ApprovalKind {
  if (trust !== undefined) return ApprovalKind.TRUST;
  return questions === undefined ? ApprovalKind.PERMISSION : ApprovalKind.QUESTION;
}

function choicesOf(kind: ApprovalKind, hasRules: boolean, isShort: boolean) {
  const { ALLOW_ONCE, ALLOW_SESSION, ALLOW_ALWAYS, DENY } = ApprovalChoice;
  if (kind === ApprovalKind.QUESTION) return [ALLOW_ONCE, DENY];
  if (kind === ApprovalKind.TRUST) return [ALLOW_ALWAYS, DENY];
  return [
    ALLOW_ONCE,
    ...(hasRules || isShort ? [ALLOW_SESSION] : []),
    ...(hasRules ? [ALLOW_ALWAYS] : []),
    DENY,
  ];
}

/** What was asked about an open call still holds: it would touch just the same. */
export function isSameDoubt({ open, claimed, judgement, isLoop }: Doubt): boolean {
  const { approval } = open;
  // What it asked while it ran is no permission to run, nor is trust in something else.
  if (approval === undefined || approval.kind !== kindOf(claimed)) return false;
  if (approval.subject?.manifest !== claimed.trust?.manifest) return false;
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
