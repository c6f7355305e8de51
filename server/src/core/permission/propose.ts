import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Rule, RuleAction, RuleSchema } from "@daphnia/protocol/permission";
import type { RunClaim } from "../tool/tool.ts";
import type { JudgedClaim, Judgement } from "./judge.ts";

/** What a rule holds before it has a name. */
type Line = MessageInitShape<typeof RuleSchema>;

/**
 * Words that begin a command which may go on with any others: runners of a
 * project's own tests and builds. Every other command is kept whole.
 */
const runners: readonly (readonly string[])[] = [
  ["npm", "run", "*"],
  ["npm", "test"],
  ["pnpm", "run", "*"],
  ["pnpm", "test"],
  ["yarn", "run", "*"],
  ["yarn", "test"],
  ["cargo", "test"],
  ["cargo", "build"],
  ["cargo", "check"],
  ["go", "test"],
  ["go", "build"],
  ["make", "*"],
  ["pytest"],
];

/**
 * The rules that would allow the same without asking again: one for each claim
 * that asks. None where any of them could not be allowed by a rule: what is not
 * known before it runs, what every mode asks for, and programs named by a path,
 * whose content no rule holds.
 */
export function proposeRules({ claims }: Judgement, tool: string): readonly Rule[] {
  const asking = claims.filter(({ action }) => action === RuleAction.ASK);
  const lines = asking.map(lineOf);
  const known = lines.filter((line) => line !== undefined);
  if (known.length < lines.length) return [];
  const rules = known.map((line) =>
    create(RuleSchema, { ...line, tool, action: RuleAction.ALLOW }),
  );
  const distinct = new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
  return [...distinct.values()];
}

function lineOf({ claim, rule }: JudgedClaim): Line | undefined {
  // A guard is asked before any rule of a person's.
  if (rule.startsWith("built-in:")) return undefined;
  switch (claim.kind) {
    case "read":
    case "write":
      return isPlain(claim.path) ? { claim: claim.kind, path: claim.path } : undefined;
    case "reach":
      return { host: claim.host };
    case "use":
      return { claim: claim.kind };
    case "run":
      return argvOf(claim);
    case "opaque":
    case "nothing":
      return undefined;
  }
}

/** True where no sign of a path means more than itself in a pattern. */
function isPlain(path: string): boolean {
  return !/[*?[\]{}\\]/.test(path);
}

function argvOf({ argv, risk }: RunClaim): Line | undefined {
  if (risk === "fixed" || risk === "destructive") return undefined;
  const words = argv.filter((word) => word !== null);
  const [program = ""] = words;
  if (words.length < argv.length || program === "" || program.includes("/")) return undefined;
  // In a rule these stand for other words.
  if (words.some((word) => word === "*" || word === "**")) return undefined;
  const runner = runners.find((begin) => fits(begin, words));
  const kept = runner === undefined ? words : [...words.slice(0, runner.length), "**"];
  return { argv: kept.map((word) => ({ kind: { case: "stringValue", value: word } })) };
}

function fits(begin: readonly string[], words: readonly string[]): boolean {
  return begin.every((word, i) => {
    const given = words[i];
    if (word !== "*") return given === word;
    return given !== undefined && !given.startsWith("-");
  });
}
