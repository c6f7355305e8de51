import { RuleAction } from "@daphnia/protocol/permission";
import type { Claim } from "../tool/tool.ts";
import { type CompiledRule, compileRule, type Ground, type RuleSet } from "./rule-set.ts";

/** What becomes of a claim or a call, which rule says so, and why. */
export interface Verdict {
  readonly action: RuleAction;
  readonly rule: string;
  readonly why: string;
}

export interface JudgedClaim extends Verdict {
  readonly claim: Claim;
}

export interface Judgement extends Verdict {
  readonly claims: readonly JudgedClaim[];
}

/** A pure function of what a call would touch: the strongest of what its claims would be. */
export type Judge = (claims: readonly Claim[], tool: string) => Judgement;

/** Any rule that denies wins; then the first that fits; then what the mode says otherwise. */
export function createJudge(set: RuleSet, ground: Ground): Judge {
  const rules = set.rules.map((rule) => compileRule(rule, ground));
  const denials = rules.filter(({ action }) => action === RuleAction.DENY);
  const others = rules.filter(({ action }) => action !== RuleAction.DENY);
  const asks = set.asks.map((rule) => compileRule(rule, ground));
  const isYolo = set.mode.otherwise === RuleAction.ALLOW;
  const other = { rule: `${set.mode.name}:otherwise`, action: set.mode.otherwise };

  /** Who may only tighten is heard last, and not where nothing was allowed. */
  function judgeOne(claim: Claim, tool: string): JudgedClaim {
    if (claim.kind === "nothing")
      return { claim, action: RuleAction.ALLOW, rule: "built-in:nothing", why: "" };
    const judged = judgeByAll(claim, tool);
    if (judged.action !== RuleAction.ALLOW) return judged;
    const tighter = asks.find((rule) => rule.fits(claim, tool));
    return tighter === undefined ? judged : decided(claim, tighter);
  }

  function judgeByAll(claim: Claim, tool: string): JudgedClaim {
    const denial = denials.find((rule) => rule.fits(claim, tool));
    if (denial !== undefined) return decided(claim, denial);
    if (isYolo) return { claim, ...other, why: "no rule denies it" };
    const around = denials.find((rule) => surrounds(claim, rule, tool));
    if (around !== undefined) {
      const why = `${subjectOf(claim)} holds what ${around.name} denies`;
      return { claim, action: RuleAction.ASK, rule: around.name, why };
    }
    const found = others.find((rule) => mayDecide(rule, claim) && rule.fits(claim, tool));
    return found === undefined
      ? { claim, ...other, why: whyNot(claim, ground) }
      : decided(claim, found);
  }

  return (claims, tool) => {
    const judged = claims.map((claim) => judgeOne(claim, tool));
    // The enumeration is in order of strength.
    const strongest = judged.toSorted((a, b) => b.action - a.action)[0];
    const { action, rule, why } = strongest ?? {
      action: RuleAction.ALLOW,
      rule: "built-in:nothing",
      why: "it touches nothing",
    };
    return { action, rule, why, claims: judged };
  };
}

function decided(claim: Claim, { action, name, why }: CompiledRule): JudgedClaim {
  // An owner's rule is its own reason; ours speak of what was found.
  const isOurs = !/^(owner|always|project|agent|session):/.test(name);
  const speaks = claim.kind === "run" || claim.kind === "opaque";
  const reason = isOurs && speaks ? claim.why : undefined;
  const told =
    why === ""
      ? (reason ?? `${subjectOf(claim)} fits the rule ${name}`)
      : `${subjectOf(claim)} ${why}`;
  return { claim, action, rule: name, why: told };
}

/** No rule allows what could not be read, nor what asks whatever a rule says. */
function mayDecide({ action }: CompiledRule, claim: Claim): boolean {
  if (action !== RuleAction.ALLOW) return true;
  if (claim.kind === "run") return claim.risk !== "fixed" && claim.risk !== "destructive";
  return claim.kind !== "opaque";
}

/** Whether a claim on all below a folder takes in what a rule denies there. */
function surrounds(claim: Claim, rule: CompiledRule, tool: string): boolean {
  if ((claim.kind !== "read" && claim.kind !== "write") || !claim.isWhole) return false;
  return rule.folders.some(
    (folder) =>
      folder.startsWith(claim.path === "/" ? "/" : `${claim.path}/`) &&
      rule.fits({ ...claim, path: folder }, tool),
  );
}

function whyNot(claim: Claim, { roots }: Ground): string {
  switch (claim.kind) {
    case "read":
    case "write":
      if (roots.some((root) => isWithin(claim.path, root)))
        return `no rule lets it ${claim.kind} ${claim.path}`;
      return `${claim.path} lies outside this session's roots (${roots.join(", ") || "none"})`;
    case "run":
    case "opaque":
      return claim.why;
    case "use":
      return `no rule lets it use the component ${claim.component}`;
    case "reach":
      return `no rule lets it reach ${claim.host}`;
    case "nothing":
      return "it touches nothing";
  }
}

/** What a claim is about, for people. */
export function subjectOf(claim: Claim): string {
  switch (claim.kind) {
    case "read":
    case "write":
      return claim.path;
    case "run":
      return claim.argv.map((word) => (word === null ? "…" : show(word))).join(" ");
    case "reach":
      return claim.host;
    case "use":
      return claim.component;
    case "opaque":
      return claim.why;
    case "nothing":
      return "";
  }
}

/** People approve what they see: what is not seen is written out. */
function show(word: string): string {
  return /^[\w./:=@%+,~-]+$/.test(word)
    ? word
    : JSON.stringify(word).replace(
        /[^\x20-\x7e]/g,
        (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`,
      );
}

/** Both are real, absolute paths. */
function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
}
