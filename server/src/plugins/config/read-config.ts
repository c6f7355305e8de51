import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ConfigSchema } from "@daphnia/protocol/config";
import { parse, TomlError } from "smol-toml";
import { idRule, isId } from "../../base/ids.ts";
import { nearHint } from "../../base/near-hint.ts";
import { lineFinder } from "../toml/toml-lines.ts";
import { nameKey, tableOf } from "./config-key.ts";
import { type ConfigValue, show } from "./config-value.ts";
import { judgeValue } from "./judge-value.ts";
import type { Mistake } from "./mistake.ts";
import type { Environment } from "./substitute.ts";

type Path = readonly string[];

/** A value that a file states. */
export interface Statement extends ConfigValue {
  readonly path: readonly string[];
  readonly field: DescField;
  readonly line: number;
}

export interface ConfigReading {
  /** Empty where there is a mistake. */
  readonly statements: readonly Statement[];
  readonly mistakes: readonly Mistake[];
}

/** Reads the text of a config file by the schema of `Config`. */
export function readConfig(text: string, file: string, environment: Environment): ConfigReading {
  const statements: Statement[] = [];
  const mistakes: Mistake[] = [];
  const lineOf = lineFinder(text);
  const mistake = (path: Path, problem: string) => {
    const key = path.length === 0 ? "" : `${nameKey(path)}: `;
    mistakes.push({ file, line: lineOf(path), problem: key + problem });
  };

  function readTable(message: DescMessage, raw: unknown, path: Path): void {
    for (const [key, value] of entriesOf(raw, path)) {
      const field = message.fields.find(({ name }) => name === key);
      if (field === undefined) mistake([...path, key], unknownKey(message, key, path));
      else readField(field, value, [...path, key]);
    }
  }

  function readField(field: DescField, raw: unknown, path: Path): void {
    const table = tableOf(field);
    if (table !== undefined) readTable(table, raw, path);
    else if (field.fieldKind === "map") readNames(field, raw, path);
    else readOne(field, raw, path);
  }

  function readNames(field: DescField & { fieldKind: "map" }, raw: unknown, path: Path): void {
    for (const [name, value] of entriesOf(raw, path)) {
      const here = [...path, name];
      const problem = checkName(field, name);
      if (problem !== undefined) mistake(here, problem);
      else if (field.mapKind === "message") readTable(field.message, value, here);
      else readOne(field, value, here);
    }
  }

  function entriesOf(raw: unknown, path: Path): [string, unknown][] {
    if (isTable(raw)) return Object.entries(raw);
    mistake(path, `must be a table, got ${show(raw)}`);
    return [];
  }

  function readOne(field: DescField, raw: unknown, path: Path): void {
    const value = judgeValue(field, raw, path, environment);
    if (typeof value === "string") mistake(path, value);
    else statements.push({ path, field, ...value, line: lineOf(path) });
  }

  try {
    // The empty options choose the overload without big integers.
    readTable(ConfigSchema, parse(text, {}), []);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    mistakes.push({
      file,
      line: error.line,
      problem: `not TOML at column ${error.column}: ${what}`,
    });
  }
  return { statements: mistakes.length === 0 ? statements : [], mistakes };
}

function isTable(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);
}

function unknownKey(message: DescMessage, key: string, path: Path): string {
  const names = message.fields.map(({ name }) => name);
  const place = path.length === 0 ? "the file" : `[${nameKey(path)}]`;
  return `unknown key${nearHint(key, names) || `; ${place} has ${names.join(", ")}`}`;
}

interface Names {
  readonly pattern: RegExp;
  readonly problem: string;
}

/** What people may name, where that is not an id, by the map that holds it. */
const names: Readonly<Record<string, Names>> = {
  headers: { pattern: /^[!#$%&'*+.^`|~\w-]+$/, problem: "is no name of an HTTP header" },
  env: { pattern: /^[A-Za-z_]\w*$/, problem: "is no name of an environment variable" },
  components: {
    pattern: /^(?!daemon$)[a-z][a-z0-9-]{0,31}$/,
    problem: "a component's name is 1 to 32 of a-z 0-9 - starting with a letter, and not daemon",
  },
  tools: { pattern: /^[\w./-]{1,128}$/, problem: "is no name of a tool" },
};

function checkName(field: DescField, name: string): string | undefined {
  const known = names[field.name];
  if (known === undefined) return isId(name) ? undefined : `a name is ${idRule}`;
  return known.pattern.test(name) && name !== "__proto__" ? undefined : known.problem;
}
