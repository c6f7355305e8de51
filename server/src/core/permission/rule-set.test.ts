import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePath } from "../tool/path-pattern.ts";
import type { Claim } from "../tool/tool.ts";
import { createJudge } from "./judge.ts";
import { modeNames } from "./modes.ts";
import { readRule } from "./read-rule.ts";
import { createRuleSet } from "./rule-set.ts";

/** The same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe("createRuleSet", () => {
  it("gives the same answers in 1000 loads, in whatever order keys and folders come", () => {
    const random = numbers(1);
    const shuffled = <T>(list: readonly T[]) =>
      list
        .map((one) => ({ one, at: random() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ one }) => one);
    const rules = [
      { tool: "bash", action: "ask", argv: ["make", "*"] },
      { tool: "bash", action: "allow", argv: ["make", "**"] },
      { tool: "*", action: "deny", path: "/w/b/private/**", claim: "read" },
      { tool: "*", action: "allow", host: "*.example.org" },
    ];
    const claims: Claim[] = [
      { kind: "run", argv: ["make", "x"], forms: [], risk: "project", why: "" },
      { kind: "run", argv: ["make", "x", "y"], forms: [], risk: "project", why: "" },
      { kind: "read", path: "/w/b/private/x" },
      { kind: "read", path: "/w/a/.ENV" },
      { kind: "write", path: "/w/c" },
      { kind: "reach", host: "a.example.org" },
    ];
    const answers = new Set<string>();
    for (let load = 0; load < 1000; load++) {
      const read = rules.map((rule) =>
        readRule(Object.fromEntries(shuffled(Object.entries(rule)))),
      );
      const owner = read.filter((rule) => typeof rule !== "string");
      const ground = {
        ...{ home: "/home/u", temp: "/tmp", isSandboxed: false },
        roots: shuffled(["/w/a", "/w/b"]),
        closed: shuffled(["/home/u/.daphnia", "/w/a/closed"]),
      };
      const told = modeNames.map((mode) => {
        const judge = createJudge(createRuleSet(mode, [{ origin: "owner", rules: owner }]), ground);
        return claims.map((claim) =>
          [judge([claim], "bash")].map(({ action, rule }) => [action, rule]),
        );
      });
      answers.add(JSON.stringify(told));
    }
    assert.equal(answers.size, 1);
  });
});

describe("readRule", () => {
  it("says what is wrong with a rule", () => {
    const problems = [
      {},
      { action: "maybe" },
      { action: "deny", pth: "/x" },
      { action: "deny", path: "x" },
      { action: "deny", path: "/x", host: "y" },
      { action: "deny", argv: ["**", "x"] },
      { action: "deny", argv: [{ oneOf: [1] }] },
      { action: "deny", argv: [3] },
      { action: "deny", claim: "touch" },
    ].map((raw) => typeof readRule(raw));
    assert.deepEqual(problems, Array(9).fill("string"));
    assert.equal(
      typeof readRule({ action: "deny", argv: ["a", { oneOf: ["b"] }, "*", "**"] }),
      "object",
    );
  });
});

describe("compilePath", () => {
  it("takes a star within a name and two over folders, none included", () => {
    const fits = compilePath("/a/**/x*.t", { foldsCase: false });
    const paths = ["/a/x.t", "/a/b/c/xyz.t", "/a/b/x.t/y", "/b/x.t", "/a/X.t"];
    assert.deepEqual(paths.map(fits), [true, true, false, false, false]);
    assert.equal(compilePath("/a/**", { foldsCase: false })("/a"), true);
    assert.equal(compilePath("**/.git/hooks/**", { foldsCase: true })("/w/.GIT/hooks"), true);
  });

  it("takes no longer than the lengths together, whatever the pattern", () => {
    const fits = compilePath(`/${"*a".repeat(2000)}b`, { foldsCase: false });
    assert.equal(fits(`/${"a".repeat(4000)}`), false);
  });
});
