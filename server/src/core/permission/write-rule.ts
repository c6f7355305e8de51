import { toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { type Rule, RuleAction } from "@daphnia/protocol/permission";

/** A rule as a person would write it in a file; its name is not theirs to write. */
export function writeRule(rule: Rule): Readonly<Record<string, unknown>> {
  const { tool, action, path, host, claim, risk, sandboxed, why } = rule;
  const argv = rule.argv.map((word) => toJson(ValueSchema, word));
  return {
    ...(tool !== "" && { tool }),
    action: RuleAction[action].toLowerCase(),
    ...(argv.length > 0 && { argv }),
    ...(path !== "" && { path }),
    ...(host !== "" && { host }),
    ...(claim !== "" && { claim }),
    ...(risk !== "" && { risk }),
    ...(sandboxed && { sandboxed }),
    ...(why !== "" && { why }),
  };
}
