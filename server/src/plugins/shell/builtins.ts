import type { Argument } from "./argument.ts";
import { isLiteral, opaque } from "./argument.ts";
import { harmlessName } from "./assignments.ts";
import type { Judging } from "./judging.ts";
import { pathsOf } from "./paths.ts";
import { judgeTestCommand } from "./test-expression.ts";

/**
 * What the shell does itself: false where it is no such command, and the folders
 * it may be in afterwards where it moves.
 */
export function judgeBuiltin(
  name: string,
  words: readonly Argument[],
  judging: Judging,
  variables: Map<string, Argument>,
): boolean | readonly string[] {
  const rest = words.slice(1);
  const fixed = (why: string) => {
    judging.run("fixed", why, words);
    return true;
  };
  switch (name) {
    case "cd":
      return judgeChange(words, judging);
    case "test":
    case "[":
      judgeTestCommand(words, judging);
      return true;
    case "printf":
      return judgePrintf(words, judging);
    case "read":
      return judgeRead(words, judging, variables);
    case "set":
      judging.run(isStricter(rest) ? "plain" : "unknown", "set changes the shell", words);
      return true;
    case "export":
      return judgeExport(words, judging);
    case "eval":
    case "trap": {
      const script = name === "eval" ? rest : rest.slice(0, 1);
      if (script.every(isLiteral)) judging.script(script.map(({ text }) => text).join(" "));
      return fixed(`${name} runs a text`);
    }
    case "source":
    case ".":
      if (rest[0]) judging.read(rest[0]);
      return fixed(`${name} runs a file in this shell`);
    default:
      return false;
  }
}

function judgeChange(words: readonly Argument[], judging: Judging): true | readonly string[] {
  const rest = words.slice(1).filter(({ text }) => !/^(-[LP]+|--)$/.test(text ?? ""));
  const [target] = rest;
  if (target === undefined) {
    judging.run("plain", "cd goes home", words);
    judging.read({ text: judging.scene.home });
    return [judging.scene.home];
  }
  const isOne = rest.length === 1 && isLiteral(target) && target.text !== "" && target.text !== "-";
  const paths = isOne ? pathsOf(target, judging.cwds, judging.scene.disk) : undefined;
  if (paths === undefined) {
    judging.run("fixed", "where cd goes is not known", words);
    return true;
  }
  judging.run("plain", "cd", words);
  judging.read(target, false);
  return paths;
}

/** The format must be known: `-v` evaluates the name behind it. */
function judgePrintf(words: readonly Argument[], judging: Judging): true {
  const format = words[1]?.text === "--" ? words[2] : words[1];
  const isPlain =
    format !== undefined &&
    isLiteral(format) &&
    (words[1]?.text === "--" || !format.text.startsWith("-"));
  judging.run(isPlain ? "plain" : "unknown", "printf with a known format prints", words);
  return true;
}

/** Into plain names only: bash evaluates a subscript. */
function judgeRead(
  words: readonly Argument[],
  judging: Judging,
  variables: Map<string, Argument>,
): true {
  const names = words.slice(1).filter(({ text }) => text !== "-r" && text !== "-s");
  const arePlain = names.every((word) => isLiteral(word) && /^[a-z_][a-z0-9_]*$/.test(word.text));
  for (const { text } of names) if (text !== null) variables.set(text, opaque);
  judging.run(arePlain ? "plain" : "unknown", "read evaluates what is no plain name", words);
  return true;
}

function isStricter(words: readonly Argument[]): boolean {
  if (words.length === 0) return false;
  return words.every(({ text }, index) => {
    if (text === "pipefail") return /^-[eux]*o$/.test(words[index - 1]?.text ?? "");
    return (
      /^-[eux]+$/.test(text ?? "") ||
      (/^-[eux]*o$/.test(text ?? "") && words[index + 1]?.text === "pipefail")
    );
  });
}

function judgeExport(words: readonly Argument[], judging: Judging): true {
  const isTame = words.slice(1).every(({ text }) => {
    const [name = ""] = text?.split("=") ?? [];
    return harmlessName.test(name);
  });
  judging.run(
    isTame && words.length > 1 ? "plain" : "unknown",
    "export changes what runs later",
    words,
  );
  return true;
}
