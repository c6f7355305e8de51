import type { Argument } from "./argument.ts";
import { mayBecomeFlag, opaque, textOf } from "./argument.ts";
import type { ProgramFlags } from "./program-flags.ts";

export interface FlagReading {
  readonly operands: readonly Argument[];
  /** Names of the flags that were given, as they were written. */
  readonly given: readonly string[];
  /** The first thing that is not on the list. */
  readonly problem: string | undefined;
}

/** Tells flags from operands by a program's list. Only exact names count. */
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
    const word = words[at] ?? opaque;
    const flag = isOver ? null : flagOf(word);
    if (flag === null) {
      if (!isOver) problem ??= mayBeFlag(word, program);
      operands.push(word);
    } else if (flag === "--") isOver = true;
    else {
      const taken = takeFlag(flag, words[at + 1], program, lists);
      given.push(...taken.names);
      problem ??= taken.problem;
      if (taken.takesNext) at++;
    }
  }
  return { operands, given, problem };
}

/** The text of a word that can only be a flag, or the end of all flags. */
function flagOf(word: Argument): string | null {
  const text = textOf(word);
  return text !== "-" && text?.startsWith("-") ? text : null;
}

/** Reads a flag, and looks at its value where that is the next word. */
function takeFlag(
  flag: string,
  next: Argument | undefined,
  program: ProgramFlags,
  lists: LongNames,
): Taken {
  const taken = flag.startsWith("--") ? readLong(flag, lists) : readLetters(flag, program);
  if (!taken.takesNext) return taken;
  if (next === undefined) return { ...taken, problem: `${flag} lacks its value` };
  const isMany = next.mayBeMany || next.pattern !== undefined;
  return isMany ? { ...taken, problem: `${flag} has a value that may be split` } : taken;
}

type LongNames = Readonly<Record<"long" | "longValues" | "longOptional", ReadonlySet<string>>>;

const namesOf = (names = "") => new Set(names.split(" "));

/** Of a flag that is not on the list only the problem is told. */
interface Taken {
  readonly names: readonly string[];
  readonly takesNext: boolean;
  readonly problem?: string;
}

const strange = (flag: string): Taken => ({
  names: [],
  takesNext: false,
  problem: `${flag} is not a known harmless flag`,
});

function readLong(text: string, lists: LongNames): Taken {
  const equals = text.indexOf("=");
  const name = text.slice(2, equals < 0 ? undefined : equals);
  const isValued = lists.longValues.has(name);
  if (lists.longOptional.has(name) || (isValued && equals >= 0)) {
    return { names: [`--${name}`], takesNext: false };
  }
  if (isValued) return { names: [`--${name}`], takesNext: true };
  if (lists.long.has(name) && equals < 0) return { names: [`--${name}`], takesNext: false };
  return strange(text);
}

function readLetters(text: string, { flags = "", values = "" }: ProgramFlags): Taken {
  const names: string[] = [];
  for (let at = 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    names.push(`-${letter}`);
    if (values.includes(letter)) return { names, takesNext: at === text.length - 1 };
    if (!flags.includes(letter)) return strange(`-${letter}`);
  }
  return { names, takesNext: false };
}

/** Programs whose worst flag still only reads: a file named like a flag changes nothing. */
function mayBeFlag(word: Argument, { operands }: ProgramFlags): string | undefined {
  if (operands === "any") return undefined;
  if (word.text === null) return word.isFound ? undefined : "a word is only known when it runs";
  return mayBecomeFlag(word) ? "a file may be named like a flag" : undefined;
}
