import { type DescField, getOption, type JsonValue, ScalarType, toJson } from "@bufbuild/protobuf";
import { type ConfigRule, rule } from "@daphnia/protocol/config";
import { RuleSchema } from "@daphnia/protocol/permission";
import { nearHint } from "../../base/near-hint.ts";
import { readRule } from "../../core/permission/read-rule.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantity.ts";

/** A value of the config that fits its field. */
export interface ConfigValue {
  /** As the field's JSON form. */
  readonly json: JsonValue;
  /** As the file would write it. */
  readonly shown: string;
}

/** Decoded once for each field: a start asks for each several times. */
const rules = new WeakMap<DescField, ConfigRule>();

/** What the schema says of a field besides its type. */
export function ruleOf(field: DescField): ConfigRule {
  const known = rules.get(field) ?? getOption(field, rule);
  rules.set(field, known);
  return known;
}

/** The value of a field as a file gives it, or the words for what it must be. */
export function readValue(field: DescField, raw: unknown): ConfigValue | string {
  switch (field.fieldKind) {
    case "message":
      return readAmount(field, raw, duration);
    case "enum":
      return readChoice(
        field.enum.values.filter(({ number }) => number !== 0),
        raw,
      );
    case "list":
      if (field.listKind === "message") return readRules(raw);
      if (!isTexts(raw)) return `must be a list of texts, got ${show(raw)}`;
      return { json: raw, shown: JSON.stringify(raw) };
    case "map":
      return readText(raw);
    case "scalar":
      if (field.scalar === ScalarType.BOOL) return readFlag(raw);
      if (field.scalar === ScalarType.STRING) return readText(raw);
      return readAmount(field, raw, field.scalar === ScalarType.UINT64 ? size : count);
  }
}

/** The only tables that a list holds are rules of what agents may do. */
function readRules(raw: unknown): ConfigValue | string {
  if (!Array.isArray(raw)) return `must be a list of rules, got ${show(raw)}`;
  const rules = raw.map((one) => readRule(one));
  const wrong = rules.findIndex((rule) => typeof rule === "string");
  if (wrong >= 0) return `rule ${wrong + 1}: ${rules[wrong]}`;
  const json = rules.flatMap((rule) =>
    typeof rule === "string" ? [] : [toJson(RuleSchema, rule)],
  );
  return { json, shown: JSON.stringify(raw) };
}

/** The value that a rule or an environment variable states as text. */
export function readStatement(field: DescField, text: string): ConfigValue | string {
  if (field.fieldKind !== "scalar") return readValue(field, text);
  if (field.scalar === ScalarType.BOOL && /^(true|false)$/.test(text)) {
    return readValue(field, text === "true");
  }
  if (field.scalar === ScalarType.UINT32 && /^\d+$/.test(text)) {
    return readValue(field, Number(text));
  }
  return readValue(field, text);
}

/** How an amount is written. */
interface Unit {
  readonly noun: string;
  parse(raw: unknown): number | undefined;
  format(amount: number): string;
  toJson(amount: number): JsonValue;
}

const count: Unit = {
  noun: "a whole number",
  parse: (raw) => (isCount(raw) ? raw : undefined),
  format: String,
  toJson: (amount) => amount,
};

const size: Unit = {
  noun: "bytes",
  parse: (raw) => (typeof raw === "string" ? parseSize(raw) : count.parse(raw)),
  format: (amount) => JSON.stringify(formatSize(amount)),
  toJson: String,
};

const duration: Unit = {
  noun: "a duration",
  parse: (raw) => (typeof raw === "string" ? parseDuration(raw) : undefined),
  format: (amount) => JSON.stringify(formatDuration(amount)),
  toJson: (amount) => `${amount / 1000}s`,
};

function readAmount(field: DescField, raw: unknown, unit: Unit): ConfigValue | string {
  const { least, most } = ruleOf(field);
  const bound = (text: string) => unit.parse(unit === count ? Number(text) : text);
  const [low, high] = [least === "" ? 0 : bound(least), most === "" ? undefined : bound(most)];
  const amount = unit.parse(raw);
  if (amount === undefined || amount < (low ?? 0) || amount > (high ?? Number.MAX_SAFE_INTEGER)) {
    const range = `${unit.format(low ?? 0)} to ${high === undefined ? "any" : unit.format(high)}`;
    return `must be ${unit.noun}, ${range}, got ${show(raw)}`;
  }
  return { json: unit.toJson(amount), shown: unit.format(amount) };
}

function readChoice(
  values: readonly { readonly name: string; readonly localName: string }[],
  raw: unknown,
): ConfigValue | string {
  const names = values.map(({ localName }) => localName.toLowerCase());
  const found = values.find(({ localName }) => localName.toLowerCase() === raw);
  if (found !== undefined) return { json: found.name, shown: JSON.stringify(raw) };
  const hint = typeof raw === "string" ? nearHint(raw, names) : "";
  return `must be one of ${names.join(", ")}, got ${show(raw)}${hint}`;
}

function readText(raw: unknown): ConfigValue | string {
  if (typeof raw !== "string") return `must be text, got ${show(raw)}`;
  return { json: raw, shown: JSON.stringify(raw) };
}

function readFlag(raw: unknown): ConfigValue | string {
  if (typeof raw !== "boolean") return `must be true or false, got ${show(raw)}`;
  return { json: raw, shown: String(raw) };
}

function isCount(raw: unknown): raw is number {
  return typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0;
}

function isTexts(raw: unknown): raw is string[] {
  return Array.isArray(raw) && raw.every((item) => typeof item === "string");
}

/** What was got, short enough for a line. */
export function show(raw: unknown): string {
  if (raw instanceof Date) return raw.toISOString();
  const text = typeof raw === "number" ? String(raw) : (JSON.stringify(raw) ?? String(raw));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
