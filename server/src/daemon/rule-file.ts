import type { Rule } from "@daphnia/protocol/permission";
import { parse } from "smol-toml";
import { readRule } from "../core/permission/read-rule.ts";

/**
 * Rules of a file: a JSON list, or TOML with `[[rules]]` or, as in
 * `daphnia.toml`, `[[permissions.rules]]`. Throws with words for people.
 */
export function readRuleFile(text: string): readonly Rule[] {
  const found = rulesIn(/^\s*[[{]\s*["{\]}]/.test(text) ? JSON.parse(text) : parse(text, {}));
  if (!Array.isArray(found)) throw new Error("the file has no list of rules");
  return found.map((raw, index) => {
    const rule = readRule(raw);
    if (typeof rule === "string") throw new Error(`rule ${index + 1}: ${rule}`);
    return rule;
  });
}

function rulesIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if ("rules" in value) return value.rules;
  return "permissions" in value ? rulesIn(value.permissions) : undefined;
}
