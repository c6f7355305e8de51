import type { Question } from "@daphnia/protocol/approval";

/** An answer to one question. */
export interface QuestionAnswer {
  readonly labels: string[];
  readonly text: string;
}

/**
 * What a person typed in answer to a question: an option's number or label, several of
 * them with commas between where several may be chosen, or a text of their own. Undefined
 * where it is nothing, or a number that no option has.
 */
export function readAnswer(
  { options, multiple }: Question,
  typed: string,
): QuestionAnswer | undefined {
  const text = typed.trim();
  if (text === "") return undefined;
  const words = multiple ? text.split(",").map((word) => word.trim()) : [text];
  const labels = words.map((word) => labelOf(options, word));
  if (labels.every((label) => label !== undefined)) return { labels, text: "" };
  const isNumber = options.length > 0 && words.every((word) => /^\d+$/.test(word));
  return isNumber ? undefined : { labels: [], text };
}

function labelOf(options: Question["options"], word: string): string | undefined {
  const same = options.find(({ label }) => label.toLowerCase() === word.toLowerCase());
  const numbered = /^\d+$/.test(word) ? options[Number(word) - 1] : undefined;
  return (same ?? numbered)?.label;
}
