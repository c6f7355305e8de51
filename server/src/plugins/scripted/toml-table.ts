import { parse, TomlDate, TomlError, type TomlTableWithoutBigInt } from "smol-toml";
import { DaemonError } from "../../base/errors.ts";
import { nearHint } from "../../base/near-hint.ts";
import { lineOf, type TomlPath } from "../toml/toml-lines.ts";

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * One table of a TOML file, read key by key. A key that is absent is
 * `undefined`; one that holds something else than was asked for throws
 * `invalid_argument` with `file:line: ` before what was expected.
 */
export interface TomlTable {
  /** Refuses every other key, with near names. */
  only(keys: readonly string[]): void;
  has(key: string): boolean;
  text(key: string): string | undefined;
  texts(key: string): readonly string[] | undefined;
  flag(key: string): boolean | undefined;
  /** A whole number, not less than `least`. */
  count(key: string, least?: number): number | undefined;
  oneOf<T extends string>(key: string, choices: readonly T[]): T | undefined;
  table(key: string): TomlTable | undefined;
  /** The tables of `[[key]]`, none when it is absent. */
  tables(key: string): readonly TomlTable[];
  /** A table of anything that JSON can say. */
  json(key: string): { [key: string]: Json } | undefined;
  /** The error for a mistake at `key`, or at the table itself. */
  mistake(key: string | undefined, expected: string): DaemonError;
}

/** Reads a whole file. Throws like the tables do when it is not TOML. */
export function readToml(text: string, file: string): TomlTable {
  try {
    // The empty options choose the overload without big integers.
    return createTable(parse(text, {}), [], { text, file });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    throw mistakeAt(file, error.line, "", `not TOML at column ${error.column}: ${what}`, error);
  }
}

interface Source {
  readonly text: string;
  readonly file: string;
}

function createTable(values: TomlTableWithoutBigInt, path: TomlPath, source: Source): TomlTable {
  const mistake = (key: string | undefined, expected: string): DaemonError => {
    const place = key === undefined ? path : [...path, key];
    return mistakeAt(source.file, lineOf(source.text, place), nameOf(place), expected);
  };
  /** The value of `key` as `read` sees it; `undefined` from `read` is a mistake. */
  const value = <T>(key: string, expected: string, read: (value: unknown) => T | undefined) => {
    if (!Object.hasOwn(values, key)) return undefined;
    const found = read(values[key]);
    if (found !== undefined) return found;
    throw mistake(key, `${key} must be ${expected}, got ${show(values[key])}`);
  };
  const child = (table: TomlTableWithoutBigInt, ...steps: TomlPath) =>
    createTable(table, [...path, ...steps], source);
  return {
    only(keys) {
      const stranger = Object.keys(values).find((key) => !keys.includes(key));
      if (stranger === undefined) return;
      const hint = nearHint(stranger, keys);
      const known = `${nameOf(path) || "the file"} has ${keys.join(", ")}`;
      throw mistake(stranger, `unknown key "${stranger}"${hint || `; ${known}`}`);
    },
    has: (key) => Object.hasOwn(values, key),
    text: (key) => value(key, "text", asText),
    texts: (key) => value(key, "a list of texts", asTexts),
    flag: (key) => value(key, "true or false", (v) => (typeof v === "boolean" ? v : undefined)),
    count: (key, least = 0) =>
      value(key, `a whole number from ${least} on`, (v) =>
        typeof v === "number" && Number.isSafeInteger(v) && v >= least ? v : undefined,
      ),
    oneOf: (key, choices) =>
      value(key, `one of ${choices.join(", ")}`, (v) => choices.find((choice) => choice === v)),
    table(key) {
      const table = value(key, "a table", (v) => (isTable(v) ? v : undefined));
      return table && child(table, key);
    },
    tables(key) {
      const tables = value(key, `tables, each under [[${nameOf([...path, key])}]]`, asTables);
      return (tables ?? []).map((table, index) => child(table, key, index));
    },
    json: (key) => value(key, "a table without dates, nan and inf", asJsonTable),
    mistake,
  };
}

function mistakeAt(file: string, line: number, field: string, expected: string, cause?: unknown) {
  return new DaemonError(
    "invalid_argument",
    `${file}:${line}: ${expected}`,
    { reason: "INVALID_FIELD", fields: [{ field: field || file, description: expected }] },
    { cause },
  );
}

/** The name of a table as its header writes it. */
function nameOf(path: TomlPath): string {
  return path.filter((step) => typeof step === "string").join(".");
}

function show(value: unknown): string {
  if (value instanceof TomlDate) return value.toISOString();
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isTable(value: unknown): value is TomlTableWithoutBigInt {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof TomlDate)
  );
}

function asTables(value: unknown): TomlTableWithoutBigInt[] | undefined {
  return Array.isArray(value) && value.every(isTable) ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function asTexts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((v) => typeof v === "string") ? value : undefined;
}

function asJsonTable(value: unknown): { [key: string]: Json } | undefined {
  if (!isTable(value)) return undefined;
  const entries = Object.entries(value).map(([key, v]): [string, Json | undefined] => [
    key,
    asJson(v),
  ]);
  return entries.every(isSaid) ? Object.fromEntries(entries) : undefined;
}

function asJson(value: unknown): Json | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (!Array.isArray(value)) return asJsonTable(value);
  const items = value.map(asJson);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function isSaid(entry: [string, Json | undefined]): entry is [string, Json] {
  return entry[1] !== undefined;
}
