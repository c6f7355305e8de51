import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { type Rule, RuleAction, RuleSchema } from "@daphnia/protocol/permission";

const actions: ReadonlyMap<unknown, RuleAction> = new Map([
  ["allow", RuleAction.ALLOW],
  ["ask", RuleAction.ASK],
  ["deny", RuleAction.DENY],
]);
const texts = ["tool", "path", "host", "claim", "risk", "why"] as const;
const keys = ["tool", "action", "argv", "path", "host", "claim", "risk", "sandboxed", "why"];
const claims = ["read", "write", "run", "reach", "use", "opaque"];
const risks = ["plain", "project", "unknown", "fixed", "destructive"];

/** A rule as a person writes it in a file, or the words for what is wrong. */
export function readRule(raw: unknown): Rule | string {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    return "a rule must be a table";
  const given: Readonly<Record<string, unknown>> = { ...raw };
  const strange = Object.keys(given).find((key) => !keys.includes(key));
  if (strange !== undefined) return `a rule has no key ${strange}; it has ${keys.join(", ")}`;
  const action = actions.get(given["action"]);
  if (action === undefined) return "action must be allow, ask or deny";
  for (const key of texts) {
    if (given[key] !== undefined && typeof given[key] !== "string") return `${key} must be text`;
  }
  const { argv = [], sandboxed = false } = given;
  if (!Array.isArray(argv)) return "argv must be a list";
  if (typeof sandboxed !== "boolean") return "sandboxed must be true or false";
  const words = argv.map(readWord);
  const wrong = words.find((word) => typeof word === "string");
  if (wrong !== undefined) return wrong;
  const text = (key: (typeof texts)[number]) => (typeof given[key] === "string" ? given[key] : "");
  const rule = create(RuleSchema, {
    ...Object.fromEntries(texts.map((key) => [key, text(key)])),
    action,
    argv: words.filter((word) => typeof word !== "string"),
    sandboxed,
  });
  return checkRule(rule) ?? rule;
}

/** What is wrong with a rule, in words; undefined for nothing. */
export function checkRule(rule: Rule): string | undefined {
  if (rule.action === RuleAction.UNSPECIFIED) return "action must be allow, ask or deny";
  const stated = [rule.argv.length > 0, rule.path !== "", rule.host !== ""];
  if (stated.filter((is) => is).length > 1) return "a rule states one of argv, path and host";
  if (rule.claim !== "" && !claims.includes(rule.claim))
    return `claim must be one of ${claims.join(", ")}`;
  if (rule.risk !== "" && !risks.includes(rule.risk))
    return `risk must be one of ${risks.join(", ")}`;
  if (rule.path !== "" && !/^(\/|\{(roots|temp|home|closed)\}(\/|$)|\*\*\/|~\/)/.test(rule.path)) {
    return "path must begin with /, ~/, **/, {roots}, {temp}, {home} or {closed}";
  }
  const early = rule.argv.slice(0, -1).some(({ kind }) => kind.value === "**");
  if (early) return '"**" must be the last of argv';
  return rule.argv.every((word) => tokenOf(word) !== undefined) ? undefined : wordRule;
}

/** What one element of `argv` fits. */
export type Token =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "rest" }
  | { readonly kind: "oneOf"; readonly texts: ReadonlySet<string> }
  | { readonly kind: "inRoots" };

export function tokenOf({ kind }: Value): Token | undefined {
  if (kind.case === "stringValue") {
    if (kind.value === "*") return { kind: "any" };
    return kind.value === "**" ? { kind: "rest" } : { kind: "word", text: kind.value };
  }
  if (kind.case !== "structValue") return undefined;
  const [[key, value] = ["", undefined], ...more] = Object.entries(kind.value.fields);
  if (more.length > 0 || value === undefined) return undefined;
  if (key === "path") return value.kind.value === "roots" ? { kind: "inRoots" } : undefined;
  if (key !== "oneOf" || value.kind.case !== "listValue") return undefined;
  const list = value.kind.value.values.map((one) => one.kind.value);
  const names = list.filter((one) => typeof one === "string");
  return names.length === list.length ? { kind: "oneOf", texts: new Set(names) } : undefined;
}

const wordRule = 'a word of argv must be text, {"oneOf": [texts]} or {"path": "roots"}';

function readWord(raw: unknown): Value | string {
  const isText = typeof raw === "string";
  const isTable = typeof raw === "object" && raw !== null && !Array.isArray(raw);
  if (!isText && !isTable) return wordRule;
  try {
    // What it is not is found by the schema's own reading.
    return fromJson(ValueSchema, raw as JsonValue);
  } catch {
    return wordRule;
  }
}
