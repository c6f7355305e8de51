import type { createDice } from "../../src/core/log/testing/follower.ts";

/** Throws the same numbers for the same seed. */
type Dice = ReturnType<typeof createDice>;

/** What means something to a shell, and what two readers of it may take for different things. */
const pieces: readonly string[] = [
  ..."$`'\"\\{}()[]<>|&;#!~*?=+-/.,:@%^ \t\n0179azAZ_",
  ...["$(", "`ls`", "$(ls)", "$((", "))", "$'", "$'\\x2d'", '$"', "$IFS", "$x", `\${x}`, `\${x:-`],
  ...[`\${!x}`, `\${x@P}`, `\${#x}`, `\${x/`, "$@", "$*", "$#", "$?", "$$", "$!", "$-", "$0", "$_"],
  ...["&&", "||", ";;", "|&", ">&", "<&", "&>", ">|", "<>", ">>", "<<", "<<-", "<<<", "<(", ">("],
  ...[
    "2>&1",
    ">/dev/null",
    "> f",
    "< f",
    ">&-",
    "{fd}>",
    "\\\n",
    "\n\n",
    " # ",
    "\r",
    "\v",
    "\u00a0",
  ],
  ...["[[ ", " ]]", "(( ", "{ ", "; }", "( ", " )", "=(", "+=", "a=1 ", "x=(1)", "a[0]=", "{a,b}"],
  ...["{1..3}", "{,}", "~/", "~root", "~+", "../", "/", "--", " -- ", " -", "*", "[!a]", "@(a|b)"],
  ...["if ", "then ", "fi", "while ", "do ", "done", "for x in ", "case x in ", "esac", "time "],
  ...["! ", "coproc ", "function f ", "f() ", "select x in ", "until ", "cd src;", "cd .. && "],
  ...["env ", "command ", "builtin ", "eval ", "exec ", "nice ", "timeout 5 ", "xargs ", "read x;"],
  ...["<<E\n", "\nE\n", "<<'E'\n", '<<"E"\n', "E", "'a'", '"b"', "\\a", "\\ ", "''", '""'],
];

const joints: readonly string[] = ["; ", " && ", " || ", " | ", " & ", "\n", " ", "|&"];

const wrappers: readonly ((line: string) => string)[] = [
  (line) => `(${line})`,
  (line) => `{ ${line}; }`,
  (line) => `echo "$(${line})"`,
  (line) => `echo \`${line}\``,
  (line) => `if ${line}; then ${line}; else ${line}; fi`,
  (line) => `for x in a b; do ${line}; done`,
  (line) => `case a in a) ${line};; esac`,
  (line) => `cat <<E\n${line}\nE`,
  (line) => `cat <<E\n$(${line})\nE\n${line}`,
  (line) => `echo "\${x:-${line}}"`,
  (line) => `! ${line}`,
  (line) => `x=$(${line}); echo "$x"`,
  (line) => `cat <(${line})`,
  (line) => `[[ -n "$(${line})" ]]`,
  (line) => `echo $((${line}))`,
];

/** A line of a corpus, changed in one to five places. */
export function mutateLine(corpus: readonly string[], dice: Dice): string {
  let line = pick(corpus, dice);
  for (let left = 1 + dice(5); left > 0; left--) line = mutateOnce(line, corpus, dice);
  return line;
}

function mutateOnce(line: string, corpus: readonly string[], dice: Dice): string {
  const [at, other] = [dice(line.length + 1), dice(line.length + 1)];
  const [from, to] = [Math.min(at, other), Math.max(at, other)];
  const near = Math.min(line.length, at + 1 + dice(3));
  switch (dice(11)) {
    case 0:
    case 1:
    case 2:
      return line.slice(0, at) + pick(pieces, dice) + line.slice(at);
    case 3:
      return line.slice(0, at) + line.slice(near);
    case 4:
      return line.slice(0, at) + pick(pieces, dice) + line.slice(near);
    case 5:
      return line.slice(0, near) + line.slice(at);
    case 6:
      return line.slice(0, at) + pick(joints, dice) + pick(corpus, dice);
    case 7:
      return pick(corpus, dice) + pick(joints, dice) + line;
    case 8:
      return pick(wrappers, dice)(line);
    case 9:
      return line.slice(0, from) + pick(quotings, dice)(line.slice(from, to)) + line.slice(to);
    default:
      return swapWords(line, corpus, dice);
  }
}

const quotings: readonly ((text: string) => string)[] = [
  (text) => `'${text}'`,
  (text) => `"${text}"`,
  (text) => `$'${text}'`,
  (text) => `\\${text}`,
  (text) => `{${text},x}`,
  (text) => `$(${text})`,
  (text) => `\${${text}}`,
];

/** One word of the line for one of another. */
function swapWords(line: string, corpus: readonly string[], dice: Dice): string {
  const words = line.split(" ");
  words[dice(words.length)] = pick(pick(corpus, dice).split(" "), dice);
  return words.join(" ");
}

function pick<T>(list: readonly T[], dice: Dice): T {
  const one = list[dice(list.length)];
  if (one === undefined) throw new Error("there is nothing to pick from");
  return one;
}
