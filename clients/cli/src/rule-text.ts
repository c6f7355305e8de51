import { toJson } from "@bufbuild/protobuf";
import { type Rule, RuleAction, RuleSchema } from "@daphnia/protocol/permission";

/** A rule as it may be written in a file of rules. */
export function ruleJson(rule: Rule): Readonly<Record<string, unknown>> {
  return { ...plainRule(rule), action: actionText(rule.action) };
}

/** What a rule fits, in a few words. */
export function matchText(rule: Rule): string {
  const { argv = [] } = plainRule(rule);
  const parts = [
    rule.claim,
    rule.risk && `${rule.risk} programs`,
    rule.path,
    rule.host,
    rule.argv.length > 0 ? JSON.stringify(argv) : "",
    rule.sandboxed ? "(in a sandbox)" : "",
  ];
  return parts.filter((part) => part !== "").join(" ") || "anything";
}

export function actionText(action: RuleAction): string {
  return RuleAction[action].toLowerCase();
}

function plainRule(rule: Rule): Readonly<Record<string, unknown>> {
  const json = toJson(RuleSchema, rule);
  return typeof json === "object" && json !== null && !Array.isArray(json) ? json : {};
}
