import type { ErrorObject } from "ajv";
import { nearNames } from "../../base/near.ts";
import { shortJson } from "./short-json.ts";

/** What is wrong with arguments, at most eight lines: which one, what was expected, what was sent. */
export function describeErrors(errors: readonly ErrorObject[]): string[] {
  const lines = [...new Set(withoutNoise(errors.slice(0, maxErrors)).map(describe))];
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines - 1), `and ${lines.length - maxLines + 1} more`];
}

const maxLines = 8;

/** Errors that are looked at; a long list can have one for each item. */
const maxErrors = 200;

/** Of alternatives, either all the types that would do, as one, or what each lacks. */
function withoutNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept = [...errors];
  for (const choice of errors) {
    if (choice.keyword !== "anyOf" && choice.keyword !== "oneOf") continue;
    const below = kept.filter((error) => isBelow(error, choice));
    if (below.length === 0) continue;
    const areTypes = below.every(
      (error) => error.keyword === "type" && error.instancePath === choice.instancePath,
    );
    kept = kept.filter((error) => error !== choice && !(areTypes && below.includes(error)));
    if (!areTypes) continue;
    const type = below.flatMap((error) => error.params["type"]);
    kept.push({ ...choice, keyword: "type", params: { type } });
  }
  return kept;
}

function isBelow(error: ErrorObject, choice: ErrorObject): boolean {
  const isInside = `${error.instancePath}/`.startsWith(`${choice.instancePath}/`);
  return isInside && error.schemaPath.startsWith(`${choice.schemaPath}/`);
}

function describe(error: ErrorObject): string {
  const { keyword, params, instancePath, data } = error;
  const argument = nameOf(instancePath);
  const got = `got ${shortJson(data)}`;
  switch (keyword) {
    case "required":
      return missing(instancePath, String(params["missingProperty"]), error);
    case "additionalProperties":
      return unknown(instancePath, String(params["additionalProperty"]), error);
    case "unevaluatedProperties":
      return unknown(instancePath, String(params["unevaluatedProperty"]), error);
    case "type":
      return `${argument} must be ${[params["type"]].flat().join(" or ")}, ${got}`;
    case "enum":
      return `${argument} must be one of ${shortJson(params["allowedValues"], 300)}, ${got}`;
    case "const":
      return `${argument} must be ${shortJson(params["allowedValue"])}, ${got}`;
    default:
      return `${argument} ${error.message ?? `must fit "${keyword}"`}, ${got}`;
  }
}

function missing(parent: string, name: string, error: ErrorObject): string {
  const schema = propertiesOf(error)[name];
  const { type, description } = Object.assign({ type: "", description: "" }, schema);
  const kind = type === "" ? "" : ` (${[type].flat().join(" or ")})`;
  const about = description === "" ? "" : `: ${String(description).slice(0, 200)}`;
  return `${nameOf(`${parent}/${escaped(name)}`)} is missing${kind}${about}`;
}

function unknown(parent: string, name: string, error: ErrorObject): string {
  const known = Object.keys(propertiesOf(error));
  const near = nearNames(name.slice(0, 100), known).map((candidate) => `"${candidate}"`);
  const hint = near.length > 0 ? `; did you mean ${near.join(" or ")}?` : "";
  const rest = known.length > 0 ? ` Known: ${shortened(known.join(", "))}` : " None is known.";
  return `${nameOf(`${parent}/${escaped(name)}`)} is unknown${hint || "."}${rest}`;
}

function propertiesOf(error: ErrorObject): Record<string, unknown> {
  const properties: unknown = error.parentSchema?.["properties"];
  return typeof properties === "object" && properties !== null ? { ...properties } : {};
}

/** `/edits/0/old text` as `"edits[0].old text"`. */
function nameOf(instancePath: string): string {
  if (instancePath === "") return "the whole";
  const parts = instancePath.slice(1).split("/").map(unescaped);
  const name = parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
  return `"${shortened(name.replace(/^\./, ""))}"`;
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function unescaped(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

function shortened(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}
