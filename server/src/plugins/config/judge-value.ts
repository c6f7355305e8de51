import type { DescField } from "@bufbuild/protobuf";
import { checkSetting } from "./check-setting.ts";
import { type ConfigValue, readValue, ruleOf } from "./config-value.ts";
import { fill } from "./fill-value.ts";
import type { Environment } from "./substitute.ts";

/**
 * The value that a file gives to a key, or the words for what it must be. What
 * came from the environment, or is a secret, is neither shown nor repeated.
 */
export function judgeValue(
  field: DescField,
  raw: unknown,
  path: readonly string[],
  environment: Environment,
): ConfigValue | string {
  const filled = fill(raw, environment);
  if (filled.problem !== undefined) return filled.problem;
  const { secret } = ruleOf(field);
  const value = readValue(field, filled.value);
  const problem = typeof value === "string" ? value : checkSetting(path, value.json);
  if (typeof value === "string" || problem !== undefined) {
    const got = secret || filled.isSecret ? /, got .*$/s : "";
    return (problem ?? "").replace(got, "");
  }
  const written = filled.isSecret ? JSON.stringify(raw) : value.shown;
  return { json: value.json, shown: secret ? '"***"' : written };
}
