import { posix } from "node:path";
import type { Argument } from "./argument.ts";
import { isLiteral } from "./argument.ts";
import { judgeBuiltin } from "./builtins.ts";
import { judgeEditor } from "./editors.ts";
import { judgeFind } from "./find.ts";
import { judgeGit } from "./git.ts";
import type { Judging } from "./judging.ts";
import { judgeKnown } from "./known-programs.ts";
import { judgeRunner } from "./project-code.ts";
import { judgeUnlisted } from "./unlisted-programs.ts";
import { judgeWrapper } from "./wrappers.ts";

const systemFolders = new Set(["/bin", "/usr/bin", "/usr/local/bin"]);

/** Tells what a program with its words would do; the folders after it where it moved the shell. */
export function judgeCommand(
  words: readonly Argument[],
  judging: Judging,
  variables: Map<string, Argument>,
): readonly string[] | undefined {
  const [first, ...rest] = words;
  if (first === undefined) return undefined;
  if (!isLiteral(first) || first.text === "") {
    judging.run("fixed", "which program it runs is not known", words);
    return undefined;
  }
  const { text } = first;
  if (/[^\x21-\x7e]/.test(text)) {
    judging.run("fixed", "the program's name has unusual letters", words);
    return undefined;
  }
  const name = posix.basename(text);
  const canonical = [{ text: name }, ...rest];
  const isBare = !text.includes("/");
  if (!isBare && !systemFolders.has(posix.dirname(text))) {
    judgeFile(text, name, words, judging);
    return undefined;
  }
  return judgeNamed(name, isBare ? words : canonical, words, judging, variables);
}

function judgeNamed(
  name: string,
  words: readonly Argument[],
  asWritten: readonly Argument[],
  judging: Judging,
  variables: Map<string, Argument>,
): readonly string[] | undefined {
  const named: Judging = {
    ...judging,
    // Rules may name it with its folder or without.
    run: (risk, why, argv, forms = []) =>
      judging.run(risk, why, argv, words === asWritten ? forms : [...forms, asWritten]),
  };
  const builtin = judgeBuiltin(name, words, named, variables);
  if (builtin !== false) return builtin === true ? undefined : builtin;
  const judges = [judgeWrapper, judgeGit, judgeFind, judgeEditor, judgeKnown, judgeRunner];
  for (const judge of judges) if (judge(name, words, named)) return undefined;
  judgeUnlisted(name, words, named);
  return undefined;
}

/** A file that is run by its path: the project's own, unless it only looks like a known program. */
function judgeFile(text: string, name: string, words: readonly Argument[], judging: Judging): void {
  const silent: Judging = {
    ...judging,
    run: (risk, why, argv) => judging.run(risk === "destructive" ? risk : "fixed", why, argv),
    command: () => {},
  };
  // What it may do by its name is told too, for rules that deny it.
  if (judgeWrapper(name, words, silent)) judging.doubt(`${text} runs a file`);
  const canonical = [{ text: name }, ...words.slice(1)];
  const isKnown = [judgeGit, judgeFind, judgeEditor, judgeKnown].some((judge) =>
    judge(name, words, {
      ...silent,
      run: () => {},
      read: () => {},
      write: () => {},
      doubt: () => {},
    }),
  );
  if (name === "daphnia") {
    judgeUnlisted(name, canonical, judging);
    return;
  }
  const isInside = judging.cwds.every((cwd) => {
    const path = judging.scene.disk.real(posix.resolve(cwd, text));
    return judging.scene.roots.some((root) => path.startsWith(root === "/" ? root : `${root}/`));
  });
  const isOwn = isInside && !isKnown;
  judging.run(isOwn ? "project" : "unknown", `${text} runs a file`, words, [canonical]);
}
