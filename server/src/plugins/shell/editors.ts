import type { Argument } from "./argument.ts";
import { isLiteral } from "./argument.ts";
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

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over words, each step of which depends on the last
function judgeSed(words: readonly Argument[], judging: Judging): void {
  const rest = words.slice(1);
  const scripts: Argument[] = [];
  const operands: Argument[] = [];
  let problem: string | undefined;
  let isInPlace = false;
  let isOver = false;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at];
    if (word === undefined) break;
    const text = isLiteral(word) ? word.text : null;
    if (text === null && !isOver && (word.text === null || /^[-*?[]/.test(word.pattern ?? ""))) {
      problem ??= "a word is only known when it runs";
    }
    if (isOver || text === null || !text.startsWith("-") || text === "-") operands.push(word);
    else if (text === "--") isOver = true;
    else if (/^-[nEr]*e$/.test(text)) {
      at++;
      const script = rest[at];
      if (script === undefined) problem ??= "-e lacks its script";
      else scripts.push(script);
    } else if (/^-[nEr]*i$/.test(text) || text === "--in-place") isInPlace = true;
    else if (!/^(-[nEr]+|--quiet|--silent|--regexp-extended)$/.test(text)) {
      isInPlace ||= /^(-[a-zA-Z]*i|--in-place)/.test(text);
      problem ??= `${text} is not a known harmless flag`;
    }
  }
  const first = scripts.length === 0 ? operands.shift() : undefined;
  const all = first === undefined ? scripts : [first];
  const isTame =
    all.length > 0 && all.every((script) => isLiteral(script) && isTameSed(script.text));
  const why = problem ?? (isTame ? undefined : "its script may write, or run something");
  judging.run(why === undefined ? "plain" : "unknown", why ?? "sed with a harmless script", words);
  for (const word of operands) {
    judging.read(word);
    if (isInPlace) judging.write(word);
  }
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
    words.slice(1).every((word) => word.text !== null && !/^[-*?[]/.test(word.pattern ?? "")) &&
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
  const isKnown = plain.every((word) => word.text !== null && !/^[-*?[]/.test(word.pattern ?? ""));
  const isFine =
    isKnown && program !== undefined && isLiteral(program) && !forbiddenJq.test(program.text);
  const why = problem ?? (isFine ? undefined : "its filter may look beyond its input");
  judging.run(why === undefined ? "plain" : "unknown", why ?? "jq with a harmless filter", words);
  for (const file of files) judging.read(file);
}
