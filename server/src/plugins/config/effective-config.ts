import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { type Config, ConfigSchema } from "@daphnia/protocol/config";
import { configKeys, nameKey } from "./config-key.ts";
import { type ConfigValue, readStatement, readValue, ruleOf } from "./config-value.ts";
import type { Mistake } from "./mistake.ts";
import type { Statement } from "./read-config.ts";
import type { Environment } from "./substitute.ts";

/** A value in force, and who gave it. */
export interface EffectiveValue extends ConfigValue {
  readonly key: string;
  readonly path: readonly string[];
  /** `default`, the file and line, or an environment variable. */
  readonly origin: string;
  /** True where a change counts from the next start on. */
  readonly needsRestart: boolean;
}

export interface EffectiveConfig {
  readonly config: Config;
  /** Every key that the schema has or the file states, by name. */
  readonly values: readonly EffectiveValue[];
  /** Of the environment; what is wrong there does not count. */
  readonly mistakes: readonly Mistake[];
}

/** What the schema says where nobody else does. Read once: a start needs it twice. */
const defaults: ReadonlyMap<string, EffectiveValue> = new Map(
  configKeys.map(({ path, field }) => {
    const key = nameKey(path);
    const { default: text, restart } = ruleOf(field);
    const value = text === "" ? emptyOf(field.fieldKind) : readStatement(field, text);
    if (typeof value === "string") throw new Error(`the default of ${key} ${value}`);
    return [key, { ...value, key, path, origin: "default", needsRestart: restart }];
  }),
);

/** Lays the environment over the file, and that over the defaults. */
export function effectiveConfig(
  statements: readonly Statement[],
  file: string,
  environment: Environment,
): EffectiveConfig {
  const byKey = new Map(defaults);
  const mistakes: Mistake[] = [];
  const put = (path: readonly string[], origin: string, value: ConfigValue, restart: boolean) => {
    const key = nameKey(path);
    byKey.set(key, { ...value, key, path, origin, needsRestart: restart });
  };
  for (const { path, field, line, ...value } of statements) {
    put(path, `${file}:${line}`, value, ruleOf(field).restart);
  }
  for (const { path, field } of configKeys) {
    const { variable, restart } = ruleOf(field);
    const text = environment[variable];
    if (variable === "" || !text) continue;
    const off = offSwitch(variable, text);
    const value = off?.value ?? readStatement(field, text);
    if (typeof value !== "string") put(off?.path ?? path, variable, value, restart);
    else mistakes.push({ file: variable, line: 0, problem: value });
  }
  const values = [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { config: configOf(values), values, mistakes };
}

/** The message that values by key make. */
export function configOf(values: readonly EffectiveValue[]): Config {
  return fromJson(ConfigSchema, nest(values));
}

function emptyOf(kind: string): ConfigValue {
  return kind === "list" ? { json: [], shown: "[]" } : { json: "", shown: '""' };
}

/** `DAPHNIA_TCP_PORT=off` is the one variable that states another key's value. */
function offSwitch(variable: string, text: string) {
  if (variable !== "DAPHNIA_TCP_PORT" || text !== "off") return undefined;
  const tcp = configKeys.find(({ path }) => nameKey(path) === "listen.tcp");
  const value = tcp && readValue(tcp.field, false);
  return tcp === undefined || value === undefined ? undefined : { path: tcp.path, value };
}

/** Values by their paths, as one JSON object. */
function nest(values: readonly { readonly path: readonly string[]; readonly json: JsonValue }[]) {
  const groups = Map.groupBy(values, ({ path }) => path[0] ?? "");
  const entries = [...groups].map(([step, members]): [string, JsonValue] => {
    const [first] = members;
    if (first?.path.length === 1) return [step, first.json];
    return [step, nest(members.map(({ path, json }) => ({ path: path.slice(1), json })))];
  });
  const object: JsonObject = Object.fromEntries(entries);
  return object;
}
