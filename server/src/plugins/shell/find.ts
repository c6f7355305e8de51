import type { Argument } from "./argument.ts";
import { isLiteral, opaque, textOf } from "./argument.ts";
import type { Judging } from "./judging.ts";
import { programFlags } from "./program-flags.ts";
import { readFlags } from "./read-flags.ts";

const alone = new Set(
  "-print -print0 -ls -prune -empty -depth -xdev -mount -daystart -true -false -a -o -not -and -or ! ( ) , -readable -writable -executable -nouser -nogroup -quit -noleaf".split(
    " ",
  ),
);
const valued = new Set(
  "-name -iname -path -ipath -wholename -iwholename -regex -iregex -type -xtype -size -mtime -mmin -atime -amin -ctime -cmin -maxdepth -mindepth -perm -user -group -links -inum -fstype -regextype -printf -lname -ilname -uid -gid -used".split(
    " ",
  ),
);
const named = new Set("-name -iname -path -ipath -wholename -iwholename".split(" "));
const compared = new Set(["-newer", "-anewer", "-cnewer", "-samefile"]);
const runs = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

/** Programs that may be handed names that another program found: they read, whatever a name says. */
export const readers = new Set(
  "wc cat grep ls head tail echo basename dirname stat du md5sum sha1sum sha256sum sha512sum cksum".split(
    " ",
  ),
);

/** A file that was found somewhere below what is claimed already. */
export const found: Argument = { text: null, isFound: true };

/** `find`, and what it runs. */
export function judgeFind(name: string, words: readonly Argument[], judging: Judging): boolean {
  if (name === "xargs") return judgeXargs(words, judging);
  if (name !== "find") return false;
  const rest = words.slice(1);
  const first = rest.findIndex(({ text }) => text === null || /^[-(!,]/.test(text));
  const starts = first < 0 ? rest : rest.slice(0, first);
  const places = starts.length === 0 ? [{ text: "." }] : starts;
  for (const place of places) judging.read(place, true);
  const problem = judgeTests(first < 0 ? [] : rest.slice(first), places, judging);
  judging.run(
    problem === undefined ? "plain" : "unknown",
    problem ?? "find that only looks",
    words,
  );
  return true;
}

/** Judges what comes behind the folders; the first word that is not known to be harmless. */
function judgeTests(
  words: readonly Argument[],
  places: readonly Argument[],
  judging: Judging,
): string | undefined {
  let problem: string | undefined;
  for (let at = 0; at < words.length; ) {
    const test = judgeTest(words, at, { places, judging });
    problem ??= test.problem;
    at = test.end;
  }
  return problem;
}

/** Where a test ends, and what is not known to be harmless about it. */
interface Test {
  readonly end: number;
  readonly problem?: string | undefined;
}

/** Judges the test that begins at a word. */
function judgeTest(
  words: readonly Argument[],
  at: number,
  { places, judging }: { readonly places: readonly Argument[]; readonly judging: Judging },
): Test {
  const name = textOf(words[at]);
  if (name === null) return { end: at + 1, problem: "a word is only known when it runs" };
  if (alone.has(name)) return { end: at + 1 };
  if (runs.has(name)) return judgeExec(words, at, judging);
  if (!valued.has(name) && !compared.has(name)) {
    return { end: at + 1, problem: `${name} is not a known harmless test` };
  }
  const value = textOf(words[at + 1]);
  if (value === null) return { end: at + 2, problem: `${name} lacks a known value` };
  if (compared.has(name)) judging.read({ text: value });
  if (named.has(name)) claimNamed(value, places, judging);
  return { end: at + 2 };
}

/** `-exec` and its like, with a program up to `;` or `+`. */
function judgeExec(words: readonly Argument[], at: number, judging: Judging): Test {
  const name = words[at]?.text;
  let end = at + 1;
  while (end < words.length && !/^[;+]$/.test(words[end]?.text ?? "")) end++;
  const inner = words.slice(at + 1, end);
  const isSafe = name === "-exec" && end < words.length && readers.has(inner[0]?.text ?? "");
  judging.command(inner.map(replaceFound));
  return { end: end + 1, problem: isSafe ? undefined : `${name} runs a program` };
}

/** A name with anything around it may lead anywhere. */
function replaceMark(word: Argument, mark: string): Argument {
  if (word.text === mark) return found;
  return word.text?.includes(mark) ? opaque : word;
}

function replaceFound(word: Argument): Argument {
  return replaceMark(word, "{}");
}

/** A name that is looked for is one that what comes behind may read. */
function claimNamed(text: string, places: readonly Argument[], judging: Judging): void {
  const name = text.replaceAll(/[*?]/g, "");
  if (name === "" || name.includes("..")) return;
  for (const place of places) {
    if (place.text !== null) judging.read(below(place, place.text, name), false);
  }
}

/** A name in a folder, or in each folder that a pattern stands for. */
function below({ pattern }: Argument, folder: string, name: string): Argument {
  const text = `${folder}/${name}`.replaceAll("//", "/");
  if (pattern === undefined) return { text };
  return { text, pattern: `${pattern}/${name.replace(/[[\]\\]/g, "\\$&")}` };
}

const xargsFlags = { flags: "0rtx", values: "nPLsdEI", operands: "any" } as const;

/** `xargs` with a reader, fed by what lists files of this folder. */
function judgeXargs(words: readonly Argument[], judging: Judging): boolean {
  const rest = words.slice(1);
  const start = rest.findIndex((word, index) => {
    const before = rest[index - 1]?.text ?? "";
    const isValue = /^-[0rtx]*[nPLsdEI]$/.test(before);
    return !isValue && !word.text?.startsWith("-");
  });
  const flags = start < 0 ? rest : rest.slice(0, start);
  const inner = start < 0 ? [{ text: "echo" }] : rest.slice(start);
  const isKnown = flags.every(isLiteral);
  const { problem } = readFlags(flags, xargsFlags);
  const isReader = readers.has(inner[0]?.text ?? "");
  const why = !isKnown
    ? "its flags are not known"
    : (problem ??
      (isReader ? undefined : "it runs a program that does not only read") ??
      (listsFiles(judging.upstream) ? undefined : "where the names come from is not known"));
  judging.run(why === undefined ? "plain" : "unknown", why ?? "xargs with a reader", words);
  const marks = flags.flatMap(({ text }, index) => {
    const attached = /^-[0rtx]*I(.*)$/.exec(text ?? "");
    return attached ? [attached[1] || (flags[index + 1]?.text ?? "")] : [];
  });
  const mark = marks.find((one) => one !== "");
  const handed = inner.map((word) => (mark === undefined ? word : replaceMark(word, mark)));
  judging.command(mark === undefined ? [...handed, found] : handed);
  // Without the names too: a last word may stand where one of them would.
  if (!isReader) judging.command(inner);
  return true;
}

/** Whether a command prints names below the folder that it has claimed, and nothing else. */
function listsFiles(upstream: readonly Argument[] | undefined): boolean {
  if (!upstream?.every(({ text }) => text !== null)) return false;
  const [name, ...rest] = upstream.map(({ text }) => text ?? "");
  switch (name) {
    case "find":
      return !rest.some((word) => /^-(printf|ls|exec|fprint)/.test(word));
    case "git":
      return rest[0] === "ls-files";
    case "rg":
      return rest.some(
        (word) => word === "-l" || word === "--files" || word === "--files-with-matches",
      );
    case "ls":
      return (
        readFlags(upstream.slice(1), programFlags["ls"] ?? { operands: "read" }).operands.length ===
        0
      );
    default:
      return false;
  }
}
