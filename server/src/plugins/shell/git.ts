import { posix } from "node:path";
import type { Argument } from "./argument.ts";
import { isLiteral, mayBecomeFlag } from "./argument.ts";
import { runsPrograms } from "./git-config.ts";
import { gitFlags } from "./git-flags.ts";
import type { Judging } from "./judging.ts";
import { pathsOf } from "./paths.ts";

/** Git, where it only reads, and `git add`. */
export function judgeGit(name: string, words: readonly Argument[], judging: Judging): boolean {
  if (name !== "git") return false;
  const { at, problem, folder } = readGlobals(words, judging);
  const subcommand = words[at];
  const rest = words.slice(at + 1);
  const form = subcommand === undefined ? [] : [[{ text: "git" }, subcommand, ...rest]];
  const cwds =
    folder === undefined ? judging.cwds : (pathsOf(folder, judging.cwds, judging.scene.disk) ?? []);
  const why = problem ?? subcommandProblem(subcommand, rest) ?? configProblem(cwds, judging);
  judging.run(why === undefined ? "plain" : "unknown", why ?? "git, only reading", words, form);
  if (folder !== undefined) judging.read(folder);
  const inside: Judging = folder === undefined ? judging : { ...judging, cwds };
  if (subcommand?.text === "add") judging.write(folder ?? { text: "." });
  for (const word of rest) claimPath(word, folder, inside);
  return true;
}

/** Words before the subcommand. Only those that neither run nor configure anything are known. */
function readGlobals(words: readonly Argument[], judging: Judging) {
  let problem: string | undefined;
  let folder: Argument | undefined;
  let at = 1;
  for (; at < words.length; at++) {
    const text = words[at]?.text ?? null;
    if (text === null || !text.startsWith("-")) break;
    if (text === "-C") {
      at++;
      const next = words[at];
      if (folder !== undefined || next === undefined || !isLiteral(next))
        problem ??= "-C leads to more than one folder";
      else folder = next;
    } else if (/^(-c|--config-env|--git-dir|--work-tree|--exec-path|--namespace)$/.test(text)) {
      at++;
      problem ??= `${text} may make git run something`;
    } else if (!/^(--no-pager|-P|--no-optional-locks|--version)$/.test(text)) {
      problem ??= `${text} may make git run something`;
    } else if (text === "--version") return { at: words.length, problem, folder };
  }
  void judging;
  return { at, problem, folder };
}

const listForms: Readonly<Record<string, RegExp>> = {
  branch: /^(-[arv]+|--list|--show-current|--all|--remotes|--no-color)$/,
  remote: /^(-v|--verbose)$/,
  tag: /^(-n\d*|--no-color)$/,
};

function subcommandProblem(
  subcommand: Argument | undefined,
  rest: readonly Argument[],
): string | undefined {
  if (subcommand === undefined) return undefined;
  const name = isLiteral(subcommand) ? subcommand.text : "";
  const texts = rest.map((word) => (isLiteral(word) ? word.text : null));
  if (texts.includes(null) && rest.some((word) => word.text === null || mayBecomeFlag(word))) {
    return "a word is only known when it runs";
  }
  const known = texts.map((text) => text ?? "");
  const [first = "", ...more] = known;
  const unless = (isFine: boolean) => (isFine ? undefined : `git ${name} does more than list`);
  switch (name) {
    case "branch":
    case "remote":
    case "tag": {
      const lists = ["-l", "--list"].includes(first) && name !== "remote";
      return unless(
        lists
          ? more.every((word) => !word.startsWith("-"))
          : known.every((word) => listForms[name]?.test(word)),
      );
    }
    case "stash":
    case "worktree":
      return unless(first === "list" && more.length === 0);
    case "config":
      return unless(/^--get(-all)?$/.test(first) && more.length === 1 && !more[0]?.startsWith("-"));
    case "reflog":
      return unless(
        known.length === 0 || (first === "show" && more.every((word) => !word.startsWith("-"))),
      );
    default:
      return flagProblem(name, known);
  }
}

function flagProblem(name: string, words: readonly string[]): string | undefined {
  if (!Object.hasOwn(gitFlags, name)) return `git ${name} is not known to only read`;
  const flags = new Set(gitFlags[name]?.split(" "));
  for (const word of words) {
    if (word === "--") return undefined;
    if (!word.startsWith("-") || word === "-") continue;
    const long = /^--([^=]+)/.exec(word)?.[1];
    const isKnown =
      long === undefined ? hasLetters(word, flags) : flags.has(long) && long.length > 1;
    if (!isKnown) return `${word} is not a known harmless flag of git ${name}`;
  }
  return undefined;
}

/** `-sb`, `-20`, `-L10,20`: a value may follow a letter only where it cannot be read as flags. */
function hasLetters(word: string, flags: ReadonlySet<string>): boolean {
  const letters = word.slice(1);
  if (/^\d+$/.test(letters) || flags.has(letters)) return true;
  if (/^[nUMCL][\d,+%/:]*$/.test(letters)) return flags.has(letters[0] ?? "");
  return [...letters].every((letter) => flags.has(letter));
}

function configProblem(cwds: readonly string[], { scene }: Judging): string | undefined {
  const name = cwds
    .map((cwd) => runsPrograms(cwd, scene.disk))
    .find((found) => found !== undefined);
  return name === undefined
    ? undefined
    : `the repository's configuration sets ${name}, which may run a program`;
}

/** An operand that leads elsewhere is a file, whatever git thinks. */
function claimPath(word: Argument, folder: Argument | undefined, judging: Judging): void {
  if (!isLiteral(word)) {
    if (word.pattern !== undefined) judging.read(word);
    return;
  }
  const text = /^--?[\w-]+=(.*)$/.exec(word.text)?.[1] ?? word.text;
  if (text.startsWith("/")) judging.read({ text });
  else if (/(^|\/)\.\.(\/|$)/.test(text)) {
    judging.read({ text: folder?.text ? posix.join(folder.text, text) : text });
  }
}
