import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actionName, readCorpus, shellJudge } from "./shell-corpus.ts";

describe("the shell corpora", () => {
  for (const name of ["shell.jsonl", "own-shell.jsonl"]) {
    for (const isSandboxed of [false, true]) {
      // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over words, each step of which depends on the last
      it(`decides ${name} as it says ${isSandboxed ? "inside" : "without"} a sandbox`, async () => {
        const wrong: string[] = [];
        for (const line of readCorpus(name)) {
          // What an owner's rules do is said of no sandbox.
          if (isSandboxed && line.rules !== undefined) continue;
          const judge = await shellJudge({ isSandboxed, ...(line.rules && { rules: line.rules }) });
          const { action, rule, why } = judge(line.command);
          const wanted = (isSandboxed && line.expect_sandboxed) || line.expect;
          if (actionName(action) === wanted) continue;
          wrong.push(
            `${line.command.slice(0, 200)} → ${actionName(action)} (${rule}: ${why}), not ${wanted}: ${line.why}`,
          );
        }
        assert.deepEqual(wrong, []);
      });
    }
  }
});
