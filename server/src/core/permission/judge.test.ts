import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Rule, RuleAction } from "@daphnia/protocol/permission";
import type { Claim } from "../tool/tool.ts";
import { createJudge } from "./judge.ts";
import type { ModeName } from "./modes.ts";
import { readRule } from "./read-rule.ts";
import { createRuleSet } from "./rule-set.ts";

const ground = {
  roots: ["/srv/app", "/srv/lib"],
  closed: ["/srv/app/.daphnia"],
  home: "/home/u",
  temp: "/tmp",
  isSandboxed: false,
};
const { ALLOW, ASK, DENY } = RuleAction;
const read = (path: string): Claim => ({ kind: "read", path });
const write = (path: string): Claim => ({ kind: "write", path });
const run = (...argv: string[]): Claim => ({
  ...{ kind: "run", argv, forms: [], risk: "unknown", why: "who knows" },
});

function rulesOf(...raw: unknown[]): Rule[] {
  return raw.map((one) => {
    const rule = readRule(one);
    if (typeof rule === "string") throw new Error(rule);
    return rule;
  });
}

function judgeIn(mode: ModeName, ...raw: unknown[]) {
  const judge = createJudge(
    createRuleSet(mode, [{ origin: "owner", rules: rulesOf(...raw) }]),
    ground,
  );
  return (...claims: Claim[]) => judge(claims, "bash");
}

describe("createJudge", () => {
  const judge = judgeIn("standard");

  it("lets through what touches nothing, or reads within a root", () => {
    assert.equal(judge().action, ALLOW);
    assert.equal(judge({ kind: "nothing" }).action, ALLOW);
    assert.equal(judge(read("/srv/app"), read("/srv/app/a/b"), read("/srv/lib/x")).action, ALLOW);
    const anywhere = createJudge(createRuleSet("standard", []), { ...ground, roots: ["/"] });
    assert.equal(anywhere([read("/etc/hosts")], "read").action, ALLOW);
  });

  it("asks for what lies beside a root, and says which roots there are", () => {
    for (const path of ["/", "/srv/application", "/srv", "/srv/lib2/x"]) {
      assert.equal(judge(read(path)).action, ASK, path);
    }
    assert.match(judge(read("/etc")).why, /^\/etc lies outside .*\/srv\/app, \/srv\/lib/);
  });

  it("denies a folder that is closed, though it lies within a root, in every mode", () => {
    for (const mode of ["readonly", "restrictive", "guarded", "standard", "yolo"] as const) {
      for (const path of ["/srv/app/.daphnia", "/srv/app/.daphnia/run/token"]) {
        const { action, rule } = judgeIn(mode, { action: "allow" })(read(path));
        assert.deepEqual({ action, rule }, { action: DENY, rule: "built-in:daemon-home" });
      }
    }
    assert.equal(judge(read("/srv/app/.daphniae")).action, ALLOW);
  });

  it("is as strict as the strictest claim", () => {
    const opaque: Claim = { kind: "opaque", why: "a pipe" };
    const { action, why } = judge(read("/srv/app/a"), opaque);
    assert.deepEqual({ action, why }, { action: ASK, why: "a pipe" });
    assert.equal(judge(opaque, write("/srv/app/.git/hooks/x")).action, DENY);
  });

  it("lets no rule of an owner allow what could not be read", () => {
    const loose = judgeIn("standard", { tool: "bash", action: "allow" });
    assert.equal(loose({ kind: "opaque", why: "?" }).action, ASK);
    assert.equal(loose(run("x")).action, ALLOW);
  });

  it("takes a denial before any other rule, and the first of those", () => {
    const judged = judgeIn(
      "standard",
      { action: "ask", argv: ["make", "*"] },
      { action: "allow", argv: ["make", "**"] },
      { action: "deny", argv: ["make", "clean"] },
    );
    assert.deepEqual(
      [run("make", "x"), run("make", "a", "b"), run("make", "clean")].map(
        (claim) => judged(claim).rule,
      ),
      ["owner:1", "owner:2", "owner:3"],
    );
  });

  it("matches words, hosts and real paths", () => {
    const judged = judgeIn(
      "standard",
      { action: "allow", argv: ["go", { oneOf: ["test", "vet"] }, { path: "roots" }] },
      { action: "deny", host: "*.evil.example" },
      { action: "allow", path: "/opt/**/docs/*.md", claim: "read" },
    );
    const actions = [
      run("go", "test", "pkg"),
      run("go", "test", "../pkg"),
      run("go", "run", "pkg"),
      { kind: "reach", host: "a.evil.example" } as const,
      read("/opt/a/b/docs/x.md"),
      read("/opt/docs/x.md"),
      write("/opt/docs/x.md"),
      read("/opt/docs/a/x.md"),
    ].map((claim) => judged(claim).action);
    assert.deepEqual(actions, [ALLOW, ASK, ASK, DENY, ALLOW, ALLOW, ASK, ASK]);
  });

  it("asks for a whole folder that holds what a rule denies", () => {
    const judged = judgeIn("standard", { action: "deny", path: "/srv/app/private/**" });
    assert.equal(judged({ kind: "read", path: "/srv/app", isWhole: true }).action, ASK);
    assert.equal(judged({ kind: "read", path: "/srv/lib", isWhole: true }).action, ALLOW);
  });

  it("does in each mode what the mode promises", () => {
    const plain: Claim = {
      ...run("ls"),
      kind: "run",
      argv: ["ls"],
      forms: [],
      risk: "plain",
      why: "",
    };
    const claims = [
      read("/srv/app/a"),
      read("/etc/x"),
      plain,
      write("/srv/app/a"),
      write("/tmp/a"),
      write("/etc/a"),
      run("x"),
    ];
    const table = Object.fromEntries(
      (["readonly", "restrictive", "guarded", "standard", "yolo"] as const).map((mode) => [
        mode,
        claims.map((claim) => RuleAction[judgeIn(mode)(claim).action].toLowerCase()).join(" "),
      ]),
    );
    assert.deepEqual(table, {
      readonly: "allow deny deny deny deny deny deny",
      restrictive: "allow ask ask ask ask ask ask",
      guarded: "allow ask allow ask ask ask ask",
      standard: "allow ask allow allow allow ask ask",
      yolo: "allow allow allow allow allow allow allow",
    });
  });

  it("lets no rule of an owner loosen readonly but for reads", () => {
    const judged = judgeIn("readonly", { action: "allow" });
    assert.deepEqual(
      [read("/etc/x"), write("/srv/app/a"), run("ls")].map((claim) => judged(claim).action),
      [ALLOW, DENY, DENY],
    );
  });

  it("judges a host on every port, but allows only the one that a rule names", () => {
    const reach = (host: string): Claim => ({ kind: "reach", host });
    const judge = judgeIn(
      "standard",
      { tool: "*", action: "deny", host: "evil.example" },
      { tool: "*", action: "allow", host: "good.example" },
      { tool: "*", action: "allow", host: "good.example:8080" },
    );
    const actions = ["evil.example", "evil.example:8080", "good.example", "good.example:8080"].map(
      (host) => judge(reach(host)).action,
    );
    assert.deepEqual(actions, [DENY, DENY, ALLOW, ALLOW]);
    assert.equal(judge(reach("good.example:9090")).action, ASK);
  });
});
