import { type Rule, RuleAction } from "@daphnia/protocol/permission";
import { compilePath } from "../tool/path-pattern.ts";
import type { Claim, Place, RunClaim, Words } from "../tool/tool.ts";
import { type Mode, type ModeName, modeOf } from "./modes.ts";
import { type Token, tokenOf } from "./read-rule.ts";

/** Rules of one who may state some, by the order in which they count. */
export interface Layer {
  readonly origin: "owner" | "always" | "project" | "agent" | "session";
  readonly rules: readonly Rule[];
  /** Set where they may only tighten: those that allow do not count. */
  readonly tightens?: boolean;
}

/** What a call is judged by. */
export interface RuleSet {
  readonly mode: Mode;
  /** In the order in which they are asked, with their names. */
  readonly rules: readonly Rule[];
  /** Asked where all others would allow. */
  readonly asks: readonly Rule[];
}

/**
 * Built-in guards, then the layers as they are given, then the mode's own rules. A
 * rule without a name is called by its layer and its place there.
 */
export function createRuleSet(mode: ModeName, layers: readonly Layer[]): RuleSet {
  const { guards, rules } = modeOf(mode);
  const named = layers.flatMap(({ origin, rules: own, tightens = false }) =>
    own.map((rule, index) => {
      const name = rule.name || `${origin}:${index + 1}`;
      return { rule: { ...rule, name }, tightens };
    }),
  );
  const counts = named.filter(({ rule, tightens }) => !tightens || rule.action === RuleAction.DENY);
  const asks = named.filter(({ rule, tightens }) => tightens && rule.action === RuleAction.ASK);
  return {
    mode: modeOf(mode),
    rules: [...guards, ...counts.map(({ rule }) => rule), ...rules],
    asks: asks.map(({ rule }) => rule),
  };
}

/** The folders that a rule's placeholders stand for. Real and absolute. */
export interface Ground extends Pick<Place, "roots" | "closed"> {
  readonly home: string;
  readonly temp: string;
  readonly isSandboxed: boolean;
}

export interface CompiledRule {
  readonly name: string;
  readonly action: RuleAction;
  readonly why: string;
  fits(claim: Claim, tool: string): boolean;
  /** Folders that the rule is about, where its pattern begins with one. */
  readonly folders: readonly string[];
}

/** Makes a rule fit for many claims. */
export function compileRule(rule: Rule, ground: Ground): CompiledRule {
  const { action, name, why } = rule;
  const patterns = rule.path === "" ? [] : patternsOf(rule.path, ground);
  const foldsCase = action !== RuleAction.ALLOW;
  const paths = patterns.map((pattern) => compilePath(pattern, { foldsCase }));
  const tokens = rule.argv.map((word) => tokenOf(word) ?? { kind: "word" as const, text: "\0" });
  const isAllow = action === RuleAction.ALLOW;
  const fitsSubject = (claim: Claim): boolean => {
    if (tokens.length > 0) return claim.kind === "run" && fitsRun(claim, tokens, ground, isAllow);
    if (rule.path !== "") return isTouch(claim) && paths.some((fits) => fits(claim.path));
    return rule.host === "" || (claim.kind === "reach" && fitsHost(claim.host, rule.host, isAllow));
  };
  return {
    ...{ name, action, why },
    folders: patterns.flatMap(folderOf),
    fits: (claim, tool) =>
      fitsTool(rule.tool, tool) &&
      (!rule.sandboxed || ground.isSandboxed) &&
      isOfKind(claim, rule) &&
      fitsSubject(claim),
  };
}

function fitsTool(pattern: string, tool: string): boolean {
  return pattern.endsWith("*")
    ? tool.startsWith(pattern.slice(0, -1))
    : pattern === "" || pattern === tool;
}

function isOfKind(claim: Claim, rule: Rule): boolean {
  if (rule.claim !== "" && claim.kind !== rule.claim) return false;
  if (rule.risk === "") return true;
  return (claim.kind === "run" || claim.kind === "use") && claim.risk === rule.risk;
}

const isTouch = (claim: Claim): claim is Extract<Claim, { readonly path: string }> =>
  claim.kind === "read" || claim.kind === "write";

function patternsOf(path: string, ground: Ground): readonly string[] {
  const whole = path.startsWith("~/") ? `{home}${path.slice(1)}` : path;
  const [, name, rest = ""] = /^\{(\w+)\}(.*)$/.exec(whole) ?? [];
  switch (name) {
    case "roots":
      return ground.roots.map((root) => root + rest);
    case "closed":
      return ground.closed.map((folder) => folder + rest);
    case "home":
      return [ground.home + rest];
    case "temp":
      return [ground.temp + rest];
    default:
      return [whole];
  }
}

function folderOf(pattern: string): readonly string[] {
  const fixed = pattern.split("*")[0] ?? "";
  const folder = fixed.slice(0, fixed.lastIndexOf("/"));
  return folder === "" ? [] : [folder];
}

/** An allowing rule covers only words that are known; a denying one may fit those that are. */
function fitsRun(
  claim: RunClaim,
  tokens: readonly Token[],
  ground: Ground,
  isAllow: boolean,
): boolean {
  const forms = isAllow ? [claim.argv] : [claim.argv, ...claim.forms];
  return forms.some((words) => {
    if (isAllow && words.includes(null)) return false;
    return fitsWords(words, tokens, ground);
  });
}

function fitsWords(words: Words, tokens: readonly Token[], { roots }: Ground): boolean {
  const hasRest = tokens.at(-1)?.kind === "rest";
  const needed = hasRest ? tokens.length - 1 : tokens.length;
  if (hasRest ? words.length < needed : words.length !== needed) return false;
  return tokens.every((token, index) => fitsToken(token, words[index] ?? null, roots));
}

function fitsToken(token: Token, word: string | null, roots: readonly string[]): boolean {
  switch (token.kind) {
    case "rest":
    case "any":
      return true;
    case "word":
      return word === token.text;
    case "oneOf":
      return word !== null && token.texts.has(word);
    case "inRoots":
      return word !== null && isPlainPath(word, roots);
  }
}

/** What it really leads to is claimed beside the command, and judged for itself. */
function isPlainPath(word: string, roots: readonly string[]): boolean {
  if (word.startsWith("-") || word.split("/").includes("..")) return false;
  return (
    !word.startsWith("/") || roots.some((root) => word === root || word.startsWith(`${root}/`))
  );
}

/** A rule that does not allow is about every port, unless it names one. */
function fitsHost(host: string, pattern: string, isAllow: boolean): boolean {
  const wanted = pattern.toLowerCase();
  const isAnyPort = !isAllow && !/:\d+$/.test(wanted);
  const name = isAnyPort ? host.toLowerCase().replace(/:\d+$/, "") : host.toLowerCase();
  return wanted.startsWith("*.") ? name.endsWith(wanted.slice(1)) : name === wanted;
}
