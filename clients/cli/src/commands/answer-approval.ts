import { toJson } from "@bufbuild/protobuf";
import { type Approval, ApprovalChoice, ApprovalKind } from "@daphnia/protocol/approval";
import { ResolveApprovalResponseSchema } from "@daphnia/protocol/approval_service";
import { previewLines } from "../approval-preview.ts";
import { askDecision, type Decision } from "../ask-decision.ts";
import { Complaint } from "../complaint.ts";
import { createDialog, isSomebodyThere } from "../dialog.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { resolvedText } from "../event-summary.ts";
import { exitCodes } from "../exit-codes.ts";
import { findApproval } from "../find-approval.ts";
import { requireDaemon } from "../find-daemon.ts";
import { type QuestionAnswer, readAnswer } from "../question-answer.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";
import { programName } from "../typed-command.ts";

export interface AnswerOptions extends Globals {
  readonly once?: boolean;
  readonly session?: boolean;
  readonly always?: boolean;
  readonly deny?: boolean;
  readonly reason?: string;
  readonly answer?: readonly string[];
}

/** Answers an approval: as the flags say, or as the person at the terminal does. */
export async function answerApproval(id: string, options: AnswerOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  refuseLoneReason(options);
  await requireDaemon(target);
  const { client } = target;
  const approval = await findApproval(id, client);
  const flags = choiceOf(options);
  const decision =
    flags === undefined
      ? await decide(waiting(approval, id), screen, options)
      : { ...flags, answers: answersOf(approval, options) };
  if (decision === undefined) {
    screen.say("it was not answered");
    return exitCodes.canceled;
  }
  if (approval !== undefined) refuseOther(approval, decision);
  // One that waits no more is asked for all the same: the daemon knows who was first.
  const answer = await client.approvals.resolveApproval({
    approvalId: approval?.id ?? id,
    ...decision,
  });
  if (options.json) {
    screen.print(safeJson(toJson(ResolveApprovalResponseSchema, answer), 2));
  } else if (answer.resolved !== undefined) {
    screen.say(oneLine(resolvedText(answer.resolved, { id: "you", displayName: "" })));
  }
  return exitCodes.ok;
}

/** What the flags choose; undefined where they leave it to the person. */
function choiceOf(options: AnswerOptions): Omit<Decision, "answers"> | undefined {
  const { once, session, always, deny, answer, reason = "" } = options;
  if (deny) return { choice: ApprovalChoice.DENY, reason };
  if (always) return { choice: ApprovalChoice.ALLOW_ALWAYS, reason: "" };
  if (session) return { choice: ApprovalChoice.ALLOW_SESSION, reason: "" };
  return once || answer ? { choice: ApprovalChoice.ALLOW_ONCE, reason: "" } : undefined;
}

function refuseLoneReason({ reason, deny }: AnswerOptions): void {
  if (reason === undefined || deny) return;
  throw new Complaint(exitCodes.usage, "a reason goes with --deny only");
}

function waiting(approval: Approval | undefined, id: string): Approval {
  if (approval !== undefined) return approval;
  throw new Complaint(
    exitCodes.failed,
    `no approval "${oneLine(id)}" waits, or none any more`,
    `\`${programName()} approvals\` lists those that do`,
  );
}

async function decide(
  approval: Approval,
  screen: Screen,
  options: AnswerOptions,
): Promise<Decision | undefined> {
  if (options.json || !isSomebodyThere()) {
    const isQuestion = approval.kind === ApprovalKind.QUESTION;
    throw new Complaint(
      exitCodes.usage,
      "nobody is at this terminal to be asked",
      isQuestion ? "add --answer TEXT for each question, or --deny" : `add ${flagsOf(approval)}`,
    );
  }
  for (const line of previewLines(approval, Date.now(), screen.tint)) screen.say(line);
  const dialog = createDialog();
  try {
    const never = new AbortController().signal;
    return await askDecision(approval, { dialog, say: screen.say }, never);
  } finally {
    dialog.close();
  }
}

function answersOf(approval: Approval | undefined, { answer }: AnswerOptions): QuestionAnswer[] {
  const typed = answer ?? [];
  if (approval?.kind !== ApprovalKind.QUESTION) {
    return typed.map((text) => ({ labels: [], text })); // the daemon says what is wrong with it
  }
  return typed.map((text, i) => {
    const question = approval.questions[i];
    const read = question === undefined ? { labels: [], text } : readAnswer(question, text);
    if (read !== undefined) return read;
    const most = question?.options.length ?? 0;
    throw new Complaint(
      exitCodes.usage,
      `"${oneLine(text)}" answers nothing`,
      most > 0 ? `say a number from 1 to ${most}, an option, or a text of your own` : "say a text",
    );
  });
}

/** Says what may be chosen before the daemon has to. */
function refuseOther(approval: Approval, { choice, answers }: Decision): void {
  if (!approval.choices.includes(choice)) {
    throw new Complaint(
      exitCodes.usage,
      `${flags[choice]} is no choice for this one`,
      `choose ${flagsOf(approval)}`,
    );
  }
  const { questions, kind } = approval;
  const isAnswered = choice === ApprovalChoice.DENY || answers.length === questions.length;
  if (kind !== ApprovalKind.QUESTION || isAnswered) return;
  throw new Complaint(
    exitCodes.usage,
    `it has ${questions.length} questions and ${answers.length} answers`,
    "add --answer TEXT once for each, in their order",
  );
}

const flags: Readonly<Record<ApprovalChoice, string>> = {
  [ApprovalChoice.UNSPECIFIED]: "that",
  [ApprovalChoice.ALLOW_ONCE]: "--once",
  [ApprovalChoice.ALLOW_SESSION]: "--session",
  [ApprovalChoice.ALLOW_ALWAYS]: "--always",
  [ApprovalChoice.DENY]: "--deny",
};

function flagsOf({ choices }: Approval): string {
  return choices.map((choice) => flags[choice]).join(", ");
}
