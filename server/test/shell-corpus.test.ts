import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actionName, readCorpus, type ShellLine, shellJudge } from "./shell-corpus.ts";

describe("the shell corpora", () => {
  for (const name of ["shell.jsonl", "own-shell.jsonl"]) {
    it(`decides ${name} as it says without a sandbox`, async () => {
      assert.deepEqual(await wrongOf(readCorpus(name), false), []);
    });

    it(`decides ${name} as it says inside a sandbox`, async () => {
      // What an owner's rules do is said of no sandbox.
      const lines = readCorpus(name).filter(({ rules }) => rules === undefined);
      assert.deepEqual(await wrongOf(lines, true), []);
    });
  }
});

/** The lines that are decided otherwise, and how. */
async function wrongOf(lines: readonly ShellLine[], isSandboxed: boolean): Promise<string[]> {
  const wrong: string[] = [];
  for (const line of lines) {
    const { command, rules } = line;
    const judge = await shellJudge({ isSandboxed, ...(rules && { rules }) });
    const { action, rule, why } = judge(command);
    const decided = actionName(action);
    const wanted = wantedOf(line, isSandboxed);
    if (decided === wanted) continue;
    const told = `${decided} (${rule}: ${why}), not ${wanted}: ${line.why}`;
    wrong.push(`${command.slice(0, 200)} → ${told}`);
  }
  return wrong;
}

function wantedOf(line: ShellLine, isSandboxed: boolean): string {
  return (isSandboxed ? line.expect_sandboxed : undefined) ?? line.expect;
}
