import { nearHint } from "../../base/near-hint.ts";
import type { Json } from "./toml-table.ts";

/** What the placeholders of a script stand for. */
export interface Fillings {
  readonly prompt: string;
  /** The texts of the tool results since the step before, in the calls' order. */
  readonly results: readonly string[];
}

const placeholder = /\{\{([^{}]*)\}\}/g;
const names = ["prompt", "result.0", "open"];
const longest = 200;

/** What is wrong with the first placeholder that does not exist, in any text of `value`. */
export function placeholderProblem(value: Json | readonly string[]): string | undefined {
  for (const text of textsOf(value)) {
    for (const [found, name = ""] of text.matchAll(placeholder)) {
      if (name === "prompt" || name === "open" || /^result\.\d+$/.test(name)) continue;
      const rule = "expected {{prompt}}, {{result.N}} with N from 0 on, or {{open}} for a plain {{";
      return `unknown placeholder ${found}${nearHint(name, names)}; ${rule}`.replace("?;", "?");
    }
  }
  return undefined;
}

/** The text as people read it: each filling is shortened to 200 characters. */
export function fill(text: string, fillings: Fillings): string {
  return replace(text, fillings, shorten);
}

/** The value with every text in it filled; nothing is shortened. */
export function fillWhole(value: Json, fillings: Fillings): Json {
  if (typeof value === "string") return replace(value, fillings, (text) => text);
  if (Array.isArray(value)) return value.map((item) => fillWhole(item, fillings));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, fillWhole(item, fillings)]));
}

function replace(text: string, fillings: Fillings, trim: (text: string) => string): string {
  return text.replace(placeholder, (_, name: string) => {
    if (name === "open") return "{{";
    if (name === "prompt") return trim(fillings.prompt);
    const index = Number(name.slice("result.".length));
    return trim(fillings.results[index] ?? `(there is no result ${index})`);
  });
}

function shorten(text: string): string {
  const trimmed = text.trim();
  const characters = [...trimmed];
  return characters.length <= longest ? trimmed : `${characters.slice(0, longest).join("")}…`;
}

function* textsOf(value: Json | readonly string[]): Iterable<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) yield* textsOf(item);
  }
}
