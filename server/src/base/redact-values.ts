import { encodingsOf, shortestSecret, toBinary } from "./redact-encodings.ts";
import type { TextFilter } from "./redact-filter.ts";

/** A text that is replaced by `${name}` wherever it stands. */
export interface SecretValue {
  readonly name: string;
  readonly value: string;
}

/** Finds known texts, in linear time. */
export interface ValueFinder {
  /** Whether any of them is in a text. */
  isIn(text: string): boolean;
  filter(): TextFilter;
}

/** What stands in place of a value. */
export function placeholderOf(name: string): string {
  return `\${${name.replace(/[^\w.-]/g, "_")}}`;
}

/** The values that can be looked for: not those that are short, or in a placeholder themselves. */
export function usable(values: readonly SecretValue[]): readonly SecretValue[] {
  const placeholders = values.map(({ name }) => placeholderOf(name));
  return values
    .map(({ name, value }) => ({ name, value: value.trim() }))
    .filter(({ value }) => value.length >= shortestSecret)
    .filter(({ value }) => !placeholders.some((text) => text.includes(value)));
}

/** `isBinary` where the texts are bytes, one character for each. */
export function createValueFinder(
  values: readonly SecretValue[],
  { isBinary }: { readonly isBinary: boolean },
): ValueFinder {
  const index = indexOf(formsOf(values, isBinary));
  return {
    isIn: (text) => nextRegion(text, 0, true, index) !== undefined,
    filter: () => (index.isEmpty ? asItIs : createFilter(index)),
  };
}

const asItIs: TextFilter = { push: (text) => text, end: () => "" };

interface Form {
  readonly text: string;
  readonly placeholder: string;
}

function formsOf(values: readonly SecretValue[], isBinary: boolean): readonly Form[] {
  const forms = new Map<string, Form>();
  for (const { name, value } of usable(values)) {
    for (const encoded of encodingsOf(value)) {
      const text = isBinary ? toBinary(new TextEncoder().encode(encoded)) : encoded;
      if (!forms.has(text)) forms.set(text, { text, placeholder: placeholderOf(name) });
    }
  }
  return [...forms.values()];
}

/** Forms by how they begin: most places of a text are told apart by two characters. */
interface Index {
  readonly isEmpty: boolean;
  /** 1 where a form may begin with the two characters of this mark. */
  readonly marks: Uint8Array;
  readonly firsts: ReadonlySet<number>;
  /** The longest first. */
  readonly byStart: ReadonlyMap<string, readonly Form[]>;
}

function indexOf(forms: readonly Form[]): Index {
  const marks = new Uint8Array(1 << 16);
  for (const { text } of forms) marks[markOf(text.charCodeAt(0), text.charCodeAt(1))] = 1;
  const longestFirst = forms.toSorted((a, b) => b.text.length - a.text.length);
  return {
    isEmpty: forms.length === 0,
    marks,
    firsts: new Set(forms.map(({ text }) => text.charCodeAt(0))),
    byStart: Map.groupBy(longestFirst, ({ text }) => text.slice(0, 2)),
  };
}

function markOf(first: number, second: number): number {
  return ((first << 8) ^ second) & 0xffff;
}

/** Part of a text that is one secret, or several that overlap. */
interface Region {
  readonly start: number;
  readonly end: number;
  readonly placeholder: string;
  /** True where more of the text may make it longer, or a secret in the first place. */
  readonly isOpen: boolean;
}

function createFilter(index: Index): TextFilter {
  let held = "";

  function run(text: string, isEnd: boolean): string {
    let out = "";
    let done = 0;
    for (;;) {
      const region = nextRegion(text, done, isEnd, index);
      const start = region?.start ?? text.length;
      out += text.slice(done, start);
      done = region?.end ?? start;
      if (region === undefined || region.isOpen) {
        held = text.slice(start);
        return out;
      }
      out += region.placeholder;
    }
  }

  return {
    push: (text) => run(held + text, false),
    end: () => run(held, true),
  };
}

function nextRegion(text: string, from: number, isEnd: boolean, index: Index): Region | undefined {
  const { marks, firsts } = index;
  const last = text.length - 1;
  for (let i = from; i < last; i++) {
    if (marks[markOf(text.charCodeAt(i), text.charCodeAt(i + 1))] === 0) continue;
    const region = regionAt(text, i, isEnd, index);
    if (region !== undefined) return region;
  }
  if (isEnd || last < from || !firsts.has(text.charCodeAt(last))) return undefined;
  return { start: last, end: last + 1, placeholder: "", isOpen: true };
}

/** The longest form that begins here, and what overlaps it. */
function regionAt(text: string, start: number, isEnd: boolean, index: Index): Region | undefined {
  const first = formAt(text, start, isEnd, index);
  if (first === undefined) return undefined;
  if (first === "open") return { start, end: text.length, placeholder: "", isOpen: true };
  let { placeholder, length } = first;
  let end = start + length;
  for (let i = start + 1; i < end; i++) {
    const next = formAt(text, i, isEnd, index);
    if (next === undefined) continue;
    if (next === "open") return { start, end: text.length, placeholder, isOpen: true };
    if (i + next.length <= end) continue;
    end = i + next.length;
    if (next.length > length) ({ placeholder, length } = next);
  }
  return { start, end, placeholder, isOpen: false };
}

/** A form that begins here; `open` where a longer one may. */
function formAt(
  text: string,
  at: number,
  isEnd: boolean,
  { marks, byStart, firsts }: Index,
): { placeholder: string; length: number } | "open" | undefined {
  const left = text.length - at;
  if (left === 1) return !isEnd && firsts.has(text.charCodeAt(at)) ? "open" : undefined;
  if (marks[markOf(text.charCodeAt(at), text.charCodeAt(at + 1))] === 0) return undefined;
  const found = byStart
    .get(text.slice(at, at + 2))
    ?.find((form) => beginsWith(text, at, form.text, isEnd));
  if (found === undefined) return undefined;
  const { length } = found.text;
  if (length > left && !isEnd) return "open";
  return { placeholder: found.placeholder, length: Math.min(left, length) };
}

/** Whether a form stands here, or as much of it as there is text. */
function beginsWith(text: string, at: number, form: string, isEnd: boolean): boolean {
  const left = text.length - at;
  if (form.length <= left) return text.startsWith(form, at);
  // At the end, what tells most of a secret tells too much.
  if (isEnd && (left < shortestSecret || left < form.length * 0.75)) return false;
  return form.startsWith(text.slice(at));
}
