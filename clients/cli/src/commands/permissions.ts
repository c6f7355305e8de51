import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readRuleFile } from "@daphnia/server/rules";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { actionText, matchText, ruleJson } from "../rule-text.ts";
import { createScreen } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, targetOf } from "../target.ts";

/** What a call is explained with. */
export interface ExplainOptions extends Globals {
  readonly mode?: string;
  readonly agent?: string;
  readonly root?: readonly string[];
  readonly cwd?: string;
  readonly rules?: string;
  readonly sandbox?: string;
}

/** Says which rule decides about a call, and why, without running it. */
export async function explainCall(
  tool: string,
  words: readonly string[],
  options: ExplainOptions,
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const rules =
    options.rules === undefined ? [] : readRuleFile(await readFile(options.rules, "utf8"));
  const answer = await target.client.approvals.explainCall({
    tool,
    arguments: argumentsOf(tool, words.join(" ")),
    mode: options.mode ?? "",
    agent: options.agent ?? "",
    roots: (options.root ?? []).map((root) => resolve(root)),
    cwd: resolve(options.cwd ?? options.root?.[0] ?? "."),
    rules: [...rules],
    replaceRules: options.rules !== undefined,
    ...(options.sandbox && { sandbox: options.sandbox === "on" }),
  });
  const { rule, why, mode } = answer;
  const action = actionText(answer.action);
  if (options.json) {
    const claims = answer.claims.map(({ $typeName: _, ...claim }) => ({
      ...claim,
      action: actionText(claim.action),
    }));
    screen.print(safeJson({ action, rule, why, mode, claims }, 2));
    return exitCodes.ok;
  }
  screen.print(`${action}: ${oneLine(why)}`);
  screen.print(`rule ${rule}, mode ${mode}`);
  const rows = answer.claims.map((claim) => [
    actionText(claim.action),
    claim.kind,
    oneLine(claim.subject),
    claim.rule,
  ]);
  if (rows.length > 0) {
    screen.print("");
    for (const line of tableOf(["ACTION", "CLAIM", "WHAT", "RULE"], rows, screen.paint))
      screen.print(line);
  }
  return exitCodes.ok;
}

/** Prints the rules of a mode in the order in which they count. */
export async function showMode(
  mode: string | undefined,
  options: Globals & { readonly agent?: string },
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const answer = await target.client.approvals.listRules({
    mode: mode ?? "",
    agent: options.agent ?? "",
  });
  const otherwise = actionText(answer.otherwise);
  if (options.json) {
    const rules = answer.rules.map(ruleJson);
    screen.print(safeJson({ mode: answer.mode, rules, otherwise }, 2));
    return exitCodes.ok;
  }
  const rows = answer.rules.map((rule) => [
    actionText(rule.action),
    rule.tool || "*",
    matchText(rule),
    rule.name,
  ]);
  for (const line of tableOf(["ACTION", "TOOL", "WHAT", "RULE"], rows, screen.paint))
    screen.print(line);
  screen.print("");
  screen.print(
    `${answer.mode}: any rule that denies wins, then the first that fits; all else: ${otherwise}`,
  );
  return exitCodes.ok;
}

/** Takes back a rule that an answer "always" added. */
export async function revokeRule(name: string, options: Globals): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const { cursor } = await target.client.approvals.revokeRule({ name });
  if (options.json) screen.print(safeJson({ revoked: name, cursor }, 2));
  else screen.say(`revoked ${oneLine(name)}`);
  return exitCodes.ok;
}

/** A command line may be given as it is typed; all else is JSON. */
function argumentsOf(tool: string, text: string): string {
  if (tool !== "bash" || isCall(text)) return text;
  return JSON.stringify({ command: text });
}

function isCall(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "command" in value;
  } catch {
    return false; // it is a command line
  }
}
