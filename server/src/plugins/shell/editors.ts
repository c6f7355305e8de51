import type { Argument } from "./argument.ts";
import { isLiteral, mayBecomeFlag, opaque, textOf } from "./argument.ts";
import type { Judging } from "./judging.ts";
import { readFlags } from "./read-flags.ts";
import { isTameSed } from "./sed-script.ts";

/** Programs whose first word is a program of its own: sed, awk, jq. */
export function judgeEditor(name: string, words: readonly Argument[], judging: Judging): boolean {
  switch (name) {
    case "sed":
      judgeSed(words, judging);
      return true;
    case "awk":
    case "gawk":
    case "mawk":
    case "nawk":
      judgeFilter(words, judging, { flags: { values: "Fv", operands: "any" }, isTame: isTameAwk });
      return true;
    case "jq":
      judgeJq(words, judging);
      return true;
    default:
      return false;
  }
}

function judgeSed(words: readonly Argument[], judging: Judging): void {
  const { scripts, operands, isInPlace, problem } = readSed(words.slice(1));
  const [first, ...others] = operands;
  const isListed = scripts.length > 0;
  const all = isListed || first === undefined ? scripts : [first];
  const isTame =
    all.length > 0 && all.every((script) => isLiteral(script) && isTameSed(script.text));
  const why = problem ?? (isTame ? undefined : "its script may write, or run something");
  judging.run(why === undefined ? "plain" : "unknown", why ?? "sed with a harmless script", words);
  for (const word of isListed ? operands : others) {
    judging.read(word);
    if (isInPlace) judging.write(word);
  }
}

/** Tells sed's scripts and flags from its operands, the first of which may be its script. */
function readSed(words: readonly Argument[]) {
  const scripts: Argument[] = [];
  const operands: Argument[] = [];
  let problem: string | undefined;
  let isInPlace = false;
  let isOver = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? opaque;
    const kind: SedKind = isOver ? "operand" : sedKind(word);
    if (kind === "operand" || kind === "open") operands.push(word);
    if (kind === "script") scripts.push(...words.slice(++at, at + 1));
    isOver ||= kind === "over";
    isInPlace ||= kind === "in place" || kind === "strange in place";
    problem ??= sedProblem(kind, word, at < words.length);
  }
  return { scripts, operands, isInPlace, problem };
}

type SedKind =
  | "operand"
  | "open"
  | "over"
  | "script"
  | "in place"
  | "plain"
  | "strange in place"
  | "strange";

/** What a word is to sed; "open" is what may turn out to be a flag. */
function sedKind(word: Argument): SedKind {
  const text = textOf(word);
  if (text === null) {
    return word.text === null || mayBecomeFlag(word) ? "open" : "operand";
  }
  if (!text.startsWith("-") || text === "-") return "operand";
  if (text === "--") return "over";
  if (/^-[nEr]*e$/.test(text)) return "script";
  if (/^(-[nEr]*i|--in-place)$/.test(text)) return "in place";
  if (/^(-[nEr]+|--quiet|--silent|--regexp-extended)$/.test(text)) return "plain";
  return /^(-[a-zA-Z]*i|--in-place)/.test(text) ? "strange in place" : "strange";
}

function sedProblem(kind: SedKind, { text }: Argument, hasNext: boolean): string | undefined {
  if (kind === "open") return "a word is only known when it runs";
  if (kind === "script" && !hasNext) return "-e lacks its script";
  return kind.startsWith("strange") ? `${text} is not a known harmless flag` : undefined;
}

const forbiddenAwk =
  /[|>@`]|\b(system|getline|ARGV|ARGC|ENVIRON|PROCINFO|include|load|close|fflush|printf?\s*\()\b/;

function isTameAwk(program: string): boolean {
  return !forbiddenAwk.test(program) && !program.includes("\\\n");
}

function judgeFilter(
  words: readonly Argument[],
  judging: Judging,
  { flags, isTame }: { flags: Parameters<typeof readFlags>[1]; isTame: (text: string) => boolean },
): void {
  const { operands, problem } = readFlags(words.slice(1), flags);
  const [program, ...files] = operands;
  const isFine =
    program !== undefined &&
    isLiteral(program) &&
    isTame(program.text) &&
    words.slice(1).every((word) => word.text !== null && !mayBecomeFlag(word)) &&
    files.every(({ text }) => !text?.includes("="));
  const why = problem ?? (isFine ? undefined : "its program may write, or run something");
  judging.run(why === undefined ? "plain" : "unknown", why ?? "a harmless program", words);
  for (const file of files) judging.read(file);
}

/** Names of jq that look beyond its input. */
const forbiddenJq =
  /\b(import|include|input_filename|env|modulemeta|get_search_list|debug|stderr|input_line_number)\b|\$ENV|\$__/;

function judgeJq(words: readonly Argument[], judging: Judging): void {
  const plain: Argument[] = [];
  const rest = [...words];
  while (rest.length > 0) {
    const [word] = rest.splice(0, 1);
    if (word === undefined) break;
    // `--arg name value` takes two words, which are text.
    if (isLiteral(word) && /^--arg(json)?$/.test(word.text)) rest.splice(0, 2);
    else plain.push(word);
  }
  const flags = {
    flags: "rcneMCSsjaR",
    long: "raw-output compact-output null-input exit-status monochrome-output color-output sort-keys slurp join-output tab raw-input",
    longValues: "indent",
    operands: "any",
  } as const;
  const { operands, problem } = readFlags(plain.slice(1), flags);
  const [program, ...files] = operands;
  const isKnown = plain.every((word) => word.text !== null && !mayBecomeFlag(word));
  const isFine =
    isKnown && program !== undefined && isLiteral(program) && !forbiddenJq.test(program.text);
  const why = problem ?? (isFine ? undefined : "its filter may look beyond its input");
  judging.run(why === undefined ? "plain" : "unknown", why ?? "jq with a harmless filter", words);
  for (const file of files) judging.read(file);
}
