import type { Argument } from "./argument.ts";
import { isLiteral } from "./argument.ts";
import type { ProgramFlags } from "./program-flags.ts";

export interface FlagReading {
  readonly operands: readonly Argument[];
  /** Names of the flags that were given, as they were written. */
  readonly given: readonly string[];
  /** The first thing that is not on the list. */
  readonly problem: string | undefined;
}

/** Tells flags from operands by a program's list. Only exact names count. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over words, each step of which depends on the last
export function readFlags(words: readonly Argument[], program: ProgramFlags): FlagReading {
  const operands: Argument[] = [];
  const given: string[] = [];
  let problem: string | undefined;
  const lists = {
    long: namesOf(program.long),
    longValues: namesOf(program.longValues),
    longOptional: namesOf(program.longOptional),
  };
  let isOver = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    const text = isLiteral(word) ? word.text : null;
    if (isOver || text === null || text === "-" || !text.startsWith("-")) {
      if (!isOver) problem ??= mayBeFlag(word, program);
      operands.push(word);
      continue;
    }
    if (text === "--") {
      isOver = true;
      continue;
    }
    const taken = text.startsWith("--") ? readLong(text, lists) : readLetters(text, program);
    if (typeof taken === "string") problem ??= taken;
    else {
      given.push(...taken.names);
      if (taken.takesNext) at++;
      if (taken.takesNext && words[at] === undefined) problem ??= `${text} lacks its value`;
      if (taken.takesNext && words[at]?.mayBeMany)
        problem ??= `${text} has a value that may be split`;
    }
  }
  return { operands, given, problem };
}

const namesOf = (names = "") => new Set(names.split(" "));

interface Taken {
  readonly names: readonly string[];
  readonly takesNext: boolean;
}

function readLong(
  text: string,
  lists: Readonly<Record<"long" | "longValues" | "longOptional", ReadonlySet<string>>>,
): Taken | string {
  const equals = text.indexOf("=");
  const name = text.slice(2, equals < 0 ? undefined : equals);
  const isValued = lists.longValues.has(name);
  if (lists.longOptional.has(name) || (isValued && equals >= 0)) {
    return { names: [`--${name}`], takesNext: false };
  }
  if (isValued) return { names: [`--${name}`], takesNext: true };
  if (lists.long.has(name) && equals < 0) return { names: [`--${name}`], takesNext: false };
  return `${text} is not a known harmless flag`;
}

function readLetters(text: string, { flags = "", values = "" }: ProgramFlags): Taken | string {
  const names: string[] = [];
  for (let at = 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    names.push(`-${letter}`);
    if (values.includes(letter)) return { names, takesNext: at === text.length - 1 };
    if (!flags.includes(letter)) return `-${letter} is not a known harmless flag`;
  }
  return { names, takesNext: false };
}

/** Programs whose worst flag still only reads: a file named like a flag changes nothing. */
function mayBeFlag(word: Argument, { operands }: ProgramFlags): string | undefined {
  if (operands === "any") return undefined;
  if (word.text === null) return word.isFound ? undefined : "a word is only known when it runs";
  const startsOpen = word.pattern !== undefined && /^[-*?[]/.test(word.pattern);
  return startsOpen ? "a file may be named like a flag" : undefined;
}
