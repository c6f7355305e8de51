import {
  type Approval,
  ApprovalChoice,
  ApprovalKind,
  type Question,
} from "@daphnia/protocol/approval";
import type { Dialog } from "./dialog.ts";
import { visibleLine } from "./escape-text.ts";
import { type QuestionAnswer, readAnswer } from "./question-answer.ts";

/** What a person decides about an approval. */
export interface Decision {
  readonly choice: ApprovalChoice;
  readonly reason: string;
  readonly answers: QuestionAnswer[];
}

interface Talk {
  readonly dialog: Dialog;
  readonly say: (line: string) => void;
}

/** Asks a person to decide; undefined where they went, or the signal aborted. */
export function askDecision(
  approval: Approval,
  talk: Talk,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  return approval.kind === ApprovalKind.QUESTION
    ? askQuestions(approval, talk, signal)
    : askPermission(approval, talk, signal);
}

/** What is typed for each choice: the case of the letter counts, words go too. */
const keys = [
  { choice: ApprovalChoice.ALLOW_ONCE, key: "a", word: "once", text: "[a]llow once" },
  { choice: ApprovalChoice.ALLOW_SESSION, key: "s", word: "session", text: "for the [s]ession" },
  { choice: ApprovalChoice.ALLOW_ALWAYS, key: "A", word: "always", text: "[A]lways" },
  { choice: ApprovalChoice.DENY, key: "d", word: "deny", text: "[d]eny" },
] as const;

async function askPermission(
  { choices }: Approval,
  talk: Talk,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  const offered = keys.filter(({ choice }) => choices.includes(choice));
  const question = `${offered.map(({ text }) => text).join(", ")}? `;
  for (;;) {
    const typed = await talk.dialog.ask(question, signal);
    if (typed === undefined) return undefined;
    const chosen = offered.find(({ key, word }) => typed === key || typed.toLowerCase() === word);
    if (chosen?.choice === ApprovalChoice.DENY) return askReason(talk, signal);
    if (chosen !== undefined) return { choice: chosen.choice, reason: "", answers: [] };
    talk.say(`type ${offered.map(({ key, word }) => `${key} (${word})`).join(", ")}`);
  }
}

async function askReason({ dialog }: Talk, signal: AbortSignal): Promise<Decision | undefined> {
  const reason = await dialog.ask("why, for the agent to read (Enter for nothing): ", signal);
  if (reason === undefined) return undefined;
  return { choice: ApprovalChoice.DENY, reason, answers: [] };
}

async function askQuestions(
  { questions }: Approval,
  talk: Talk,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  const answers: QuestionAnswer[] = [];
  for (const question of questions) {
    // One alone is read just above.
    if (questions.length > 1) talk.say(visibleLine(question.text));
    const answer = await askQuestion(question, talk, signal);
    if (answer === undefined) return undefined;
    if (answer === "deny") return { choice: ApprovalChoice.DENY, reason: "", answers: [] };
    answers.push(answer);
  }
  return { choice: ApprovalChoice.ALLOW_ONCE, reason: "", answers };
}

async function askQuestion(
  question: Question,
  { dialog, say }: Talk,
  signal: AbortSignal,
): Promise<QuestionAnswer | "deny" | undefined> {
  for (;;) {
    const typed = await dialog.ask("> ", signal);
    if (typed === undefined) return undefined;
    const isOption = question.options.some(({ label }) => label.toLowerCase() === "deny");
    if (typed.toLowerCase() === "deny" && !isOption) return "deny";
    const answer = readAnswer(question, typed);
    if (answer !== undefined) return answer;
    const numbers = question.options.length > 0 ? "a number from the list or " : "";
    say(`type ${numbers}an answer of your own; \`deny\` gives none`);
  }
}
