import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuleAction } from "@daphnia/protocol/permission";
import { readCorpus, shellJudge } from "./shell-corpus.ts";

/** Ways to say the same to a shell. Each takes a whole line of one command. */
const wrappers: readonly ((line: string) => string)[] = [
  (line) => `${line} `,
  (line) => `(${line})`,
  (line) => `{ ${line}; }`,
  (line) => `true && ${line}`,
  (line) => `false || ${line}`,
  (line) => `ls; ${line}`,
  (line) => `ls | ${line}`,
  (line) => `${line} | cat`,
  (line) => `${line} & wait`,
  (line) => `! ${line}`,
  (line) => `time ${line}`,
  (line) => `if true; then ${line}; fi`,
  (line) => `if ${line}; then :; fi`,
  (line) => `while ${line}; do :; done`,
  (line) => `for i in 1 2; do ${line}; done`,
  (line) => `case x in x) ${line};; esac`,
  (line) => `echo "$(${line})"`,
  (line) => `echo $(echo $(${line}))`,
  (line) => `echo "\${x:-$(${line})}"`,
  (line) => `x=$(${line})`,
  (line) => `cat <(${line})`,
  (line) => `echo x > >(${line})`,
  (line) => `cat <<E\n$(${line})\nE`,
  (line) => `cat <<< "$(${line})"`,
  (line) => `[[ -n $(${line}) ]]`,
  (line) => `[ -n "$(${line})" ]`,
  (line) => `echo {a,$(${line})}`,
  (line) => `true\n${line}\ntrue`,
  (line) => `env ${line}`,
  (line) => `env LANG=C ${line}`,
  (line) => `nice -n 5 ${line}`,
  (line) => `timeout -k 1 5 ${line}`,
  (line) => `nohup ${line}`,
  (line) => `command ${line}`,
  (line) => `timeout 5 nice env ${line}`,
  (line) => `sudo -u me ${line}`,
  (line) => `find . -exec ${line} \\;`,
  (line) => `ls | xargs ${line}`,
  (line) => `bash -c ${quote(line)}`,
  (line) => `sh -c ${quote(`sh -c ${quote(line)}`)}`,
  (line) => `eval ${quote(line)}`,
  (line) => `env -S ${quote(line)}`,
  (line) => `trap ${quote(line)} EXIT`,
];

/** Ways to write one word; bash reads the same in all of them. */
const quotings: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => `'${word}'`,
  (word) => `"${word}"`,
  (word) => `$'${word}'`,
  (word) => `${word[0] ?? ""}''${word.slice(1)}`,
  (word) => `${word[0] ?? ""}"${word.slice(1)}"`,
  (word) => [...word].map((sign) => `\\${sign}`).join(""),
  (word) => `$'${[...word].map((sign) => `\\x${sign.charCodeAt(0).toString(16)}`).join("")}'`,
];

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Lines of one command and nothing that a shell would read twice. */
const plainLine = /^[a-zA-Z0-9_./:=@%+, -]+$/;
/** With these in a place of theirs a line means another thing. */
const keywords = /^(time|!|\[|exit|cd|set|export|read|wait)\b/;

describe("what must not be allowed", () => {
  const lines = ["shell.jsonl", "own-shell.jsonl"]
    .flatMap(readCorpus)
    .filter(
      ({ rules, command }) =>
        rules === undefined &&
        plainLine.test(command) &&
        !keywords.test(command) &&
        command.trim() !== "",
    );

  it("is not allowed by any wrapper, quoting or both, and a denial stays one", async () => {
    const judge = await shellJudge({});
    const escaped: string[] = [];
    let tried = 0;
    for (const { command, expect } of lines.filter(({ expect }) => expect !== "allow")) {
      for (const said of waysToSay(command)) {
        tried++;
        if (isLost(judge(said).action, expect)) escaped.push(`${expect}: ${said}`);
      }
    }
    assert.ok(tried > 50_000, `only ${tried} lines were tried`);
    assert.deepEqual(escaped.slice(0, 20), [], `${escaped.length} of ${tried}`);
  });

  it("is not allowed in a loop, a branch or a pipe of lines that are", async () => {
    const judge = await shellJudge({});
    const fine = lines.filter(({ expect }) => expect === "allow").map(({ command }) => command);
    const bad = lines.filter(({ expect }) => expect !== "allow").map(({ command }) => command);
    const escaped = bad.flatMap((line, index) => {
      const before = fine[(index * 7) % fine.length] ?? "ls";
      const after = fine[(index * 13) % fine.length] ?? "ls";
      const all = [
        `${before}; ${line}; ${after}`,
        `${before} && ${line} || ${after}`,
        `${before} | ${line} | ${after}`,
      ];
      return all.filter((text) => judge(text).action === RuleAction.ALLOW);
    });
    assert.deepEqual(escaped, []);
  });

  it("is judged in time, however long or deep a line is", async () => {
    const judge = await shellJudge({});
    for (const line of [
      "echo ".concat("a".repeat(1_000_000)),
      `a=(${"1 ".repeat(200_000)})y`,
      "$(".repeat(5000),
      "(".repeat(5000),
      "{a,b}".repeat(200),
      `ls ${"*".repeat(20_000)}`,
      [..."abcdefghij"]
        .map((name) => `for ${name} in 1 2 3 4 5 6 7 8 9; do `)
        .join("")
        .concat("ls", "; done".repeat(10)),
    ]) {
      const began = performance.now();
      assert.equal(judge(line).action, RuleAction.ASK, line.slice(0, 40));
      const took = performance.now() - began;
      assert.ok(took < 3000, `${line.slice(0, 40)} took ${took} ms`);
    }
  });
});

/** One command in every quoting, each in every wrapper. */
function waysToSay(command: string): string[] {
  const words = command.split(" ").filter((word) => word !== "");
  return quotings.flatMap((quoting) => {
    // A quoted assignment is a program's name; a quoted tilde is a file's.
    const line = words.map((word) => (/[=~]/.test(word) ? word : quoting(word))).join(" ");
    return wrappers.map((wrap) => wrap(line));
  });
}

/** Whether what was not to be allowed is, or what was denied may be asked for. */
function isLost(action: RuleAction, expect: string): boolean {
  return action === RuleAction.ALLOW || (expect === "deny" && action !== RuleAction.DENY);
}
