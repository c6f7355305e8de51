import { toJson } from "@bufbuild/protobuf";
import { type Rule, RuleAction, RuleSchema } from "@daphnia/protocol/permission";

/** A rule in a few words: `allow bash ["git","status","**"]`. */
export function ruleText(rule: Rule): string {
  const json = toJson(RuleSchema, rule);
  const { argv = [] } = isRecord(json) ? json : {};
  const parts = [
    RuleAction[rule.action]?.toLowerCase() ?? "",
    rule.tool || "every tool",
    rule.claim && `to ${rule.claim}`,
    rule.risk && `${rule.risk} programs`,
    rule.path,
    rule.host,
    rule.argv.length > 0 ? JSON.stringify(argv) : "",
    rule.sandboxed ? "in a sandbox" : "",
  ];
  return parts.filter(Boolean).join(" ");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
