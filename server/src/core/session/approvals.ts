import { type Answer, type Approval, ApprovalChoice } from "@daphnia/protocol/approval";
import { type ApprovalResolved, ApprovalResolvedSchema, type Event } from "@daphnia/protocol/event";
import { DaemonError, invalidField, notFound } from "../../base/errors.ts";
import type { Redactor } from "../../base/redact.ts";
import { body } from "../agent/facts.ts";
import { callOf, isPending } from "../agent/open-calls.ts";
import type { TurnState } from "../agent/turn-state.ts";
import type { Along, FactsOf } from "../log/session-writer.ts";
import type { Command } from "./command.ts";
import { createPendingApprovals } from "./pending-approvals.ts";
import type { SessionDeps } from "./session-deps.ts";
import { readEvents } from "./session-events.ts";

/** What somebody answers. */
export interface ApprovalAnswer {
  readonly approvalId: string;
  readonly choice: ApprovalChoice;
  readonly reason: string;
  readonly answers: readonly Answer[];
  /** Where the answer came from. */
  readonly peer: string;
}

/** The approvals of a session's open turn. */
export interface Approvals {
  pending(): readonly Approval[];
  /** Puts an answer on record; rejects where there is one already, saying whose. */
  resolve(answer: ApprovalAnswer, command: Command<ApprovalResolved>): Promise<ApprovalResolved>;
  /** Resolves with the answer once it is on record; denies when the time is over. */
  resolution(approvalId: string, signal: AbortSignal): Promise<ApprovalResolved>;
}

export function createApprovals(
  sessionId: string,
  deps: Pick<SessionDeps, "clock" | "log" | "onBug" | "redactor" | "ruleKeeper"> & {
    readonly state: () => TurnState;
    /** The session's folder. */
    readonly cwd: () => string;
    /** Commits, and folds what was committed into the state. */
    readonly commit: (facts: FactsOf, along?: Along) => Promise<readonly Event[]>;
    /** The same for what nobody waits for: when there is space. */
    readonly parked: <T>(write: () => Promise<T>) => Promise<T>;
    readonly isDropped: () => boolean;
  },
): Approvals {
  const { state, commit } = deps;
  /** Answers on their way into the log: the first one counts. */
  const taken = new Set<string>();
  const waiting = createPendingApprovals({
    clock: deps.clock,
    expire: (id) => void expire(id).catch((error) => deps.isDropped() || deps.onBug(error)),
  });

  async function put(
    resolved: ApprovalResolved,
    command: Partial<Command<ApprovalResolved>>,
  ): Promise<ApprovalResolved> {
    const { approvalId } = resolved;
    const { by, keep } = command;
    const isAlways = resolved.choice === ApprovalChoice.ALLOW_ALWAYS;
    const subject = isAlways ? callOf(state(), approvalId)?.approval?.subject : undefined;
    const kept = deps.ruleKeeper.keep(resolved.rules, approvalId, subject);
    let isMine = false;
    const make: FactsOf = () => {
      const call = callOf(state(), approvalId);
      if (call === undefined || !isPending(call) || taken.has(approvalId)) return [];
      isMine = true;
      taken.add(approvalId);
      const fact = { turnId: state().turnId, step: call.step };
      const what = { case: "approvalResolved" as const, value: resolved };
      return [{ ...fact, body: what, ...(by && { principal: by }) }];
    };
    try {
      await commit(make, {
        records: kept.records,
        ...(keep && { answer: () => keep(resolved) }),
      });
    } finally {
      if (isMine) taken.delete(approvalId);
    }
    if (!isMine) throw await lateness(approvalId);
    if (by) kept.tell(by);
    waiting.resolved(resolved);
    return resolved;
  }

  async function expire(approvalId: string): Promise<void> {
    const { value } = body("approvalResolved", ApprovalResolvedSchema, {
      ...{ approvalId, choice: ApprovalChoice.DENY, expired: true },
    });
    const late = (error: unknown) => {
      if (error instanceof DaemonError && error.detail.reason === "APPROVAL_RESOLVED") return;
      throw error; // somebody answering in the last moment is no defect
    };
    await deps.parked(() => put(value, {}).then(() => {}, late));
  }

  /** Why nobody can answer any more: whoever was first, or there never was a question. */
  async function lateness(approvalId: string): Promise<DaemonError> {
    for await (const event of readEvents(deps.log.store, sessionId)) {
      const { body: what, principal } = event;
      if (what.case !== "approvalResolved" || what.value.approvalId !== approvalId) continue;
      return answeredBefore(what.value, principal?.displayName || principal?.id || "");
    }
    return notFound("approval", approvalId, state().openCalls.filter(isPending).map(idOf));
  }

  return {
    pending: () =>
      state()
        .openCalls.filter(isPending)
        .flatMap(({ approval }) => approval ?? []),
    async resolve(answer, command) {
      const approval = callOf(state(), answer.approvalId)?.approval;
      if (approval === undefined) throw await lateness(answer.approvalId);
      return put(
        readAnswer(withoutSecrets(answer, deps.redactor()), approval, deps.cwd()),
        command,
      );
    },
    resolution(approvalId, signal) {
      const call = callOf(state(), approvalId);
      if (call?.resolved !== undefined) return Promise.resolve(call.resolved);
      if (call?.approval === undefined) throw new Error(`nobody asked for ${approvalId}`);
      return waiting.wait(call.approval, signal);
    },
  };
}

/** What somebody wrote, without what is secret. */
function withoutSecrets(given: ApprovalAnswer, { text }: Redactor): ApprovalAnswer {
  const answers = given.answers.map((one) => ({ ...one, text: text(one.text) }));
  return { ...given, reason: text(given.reason), answers };
}

/** The answer as it is put on record; refuses one that does not fit the question. */
function readAnswer(given: ApprovalAnswer, approval: Approval, cwd: string): ApprovalResolved {
  const { approvalId, choice, reason, answers, peer } = given;
  if (!approval.choices.includes(choice)) {
    const names = approval.choices.map((one) => ApprovalChoice[one]).join(", ");
    throw invalidField("choice", `must be one of ${names}`);
  }
  const isTold = choice !== ApprovalChoice.DENY;
  const wanted = isTold ? approval.questions.length : 0;
  if (answers.length !== wanted) {
    throw invalidField(
      "answers",
      `must be ${wanted}, one for each question, got ${answers.length}`,
    );
  }
  approval.questions.forEach(({ options, multiple }, i) => {
    const labels = answers[i]?.labels ?? [];
    const known = options.map(({ label }) => label);
    const unknown = labels.find((label) => !known.includes(label));
    if (unknown !== undefined) {
      throw invalidField(`answers[${i}].labels`, `"${unknown}" is none of ${known.join(", ")}`);
    }
    if (labels.length > 1 && !multiple) {
      throw invalidField(`answers[${i}].labels`, "only one may be chosen");
    }
  });
  return body("approvalResolved", ApprovalResolvedSchema, {
    ...{ approvalId, choice, reason, peer, answers: [...answers] },
    rules: choice === ApprovalChoice.ALLOW_ALWAYS ? approval.rules : [],
    ...(choice === ApprovalChoice.ALLOW_SESSION && { grant: grantOf(approval, cwd) }),
  }).value;
}

/** Characters of arguments that are remembered, where a call is allowed for a session. */
const mostRemembered = 4096;

function grantOf({ id, tool, arguments: text, rules }: Approval, cwd: string) {
  const remembered = text.length <= mostRemembered ? text : "";
  return { approvalId: id, tool, arguments: remembered, cwd, rules };
}

function answeredBefore({ choice, expired }: ApprovalResolved, by: string): DaemonError {
  const name = ApprovalChoice[choice] ?? "";
  const what = name.toLowerCase().replaceAll("_", " ");
  const who = expired ? "nobody answered in time" : `${by || "somebody"} was first: ${what}`;
  return new DaemonError("failed_precondition", `the approval is answered already; ${who}`, {
    reason: "APPROVAL_RESOLVED",
    metadata: { by, choice: name, expired: String(expired) },
  });
}

function idOf({ approval }: { readonly approval: Approval | undefined }): string {
  return approval?.id ?? "";
}
