import { whyNotFound } from "./why-not-found.ts";

/** A text to put in the place of another. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly isAll: boolean;
}

/** What came of it: the lines, from 1, that it began in (the first of them), and how often. */
export interface Replaced {
  readonly text: string;
  readonly count: number;
  readonly lines: readonly number[];
}

/** Lines that are named at most. */
const mostNamed = 20;

/**
 * Replaces a text in another. Models write line feeds, and cannot see how a file's
 * lines end: where `from` has no carriage return it fits lines that end in CRLF too,
 * and `to` ends its lines as those around it do. Never makes more than `most`
 * characters.
 */
export function replaceText(
  text: string,
  replacement: Replacement,
  most: number,
): Replaced | { readonly problem: string } {
  const { from, to, isAll } = replacement;
  const isLoose = text.includes("\r\n") && !from.includes("\r");
  const searched = isLoose ? text.replaceAll("\r\n", "\n") : text;
  const first = searched.indexOf(from);
  if (first === -1) return { problem: whyNotFound(searched, from) };
  if (!isAll && searched.indexOf(from, first + 1) !== -1) {
    return { problem: ambiguous(searched, from) };
  }
  const places = isAll ? placesOf(searched, from) : [first];
  const lines = linesOf(searched, places);
  if (text.length + places.length * (to.length - from.length) > most) {
    return { problem: `it would have more than ${most} characters` };
  }
  const spans = isLoose
    ? spansIn(text, places, from.length)
    : places.map((at) => [at, at + from.length] as const);
  const put = (at: number) => (isLoose ? to.replace(/\r?\n/g, endingAt(text, at)) : to);
  const parts: string[] = [];
  let end = 0;
  for (const [start, next] of spans) {
    parts.push(text.slice(end, start), put(start));
    end = next;
  }
  parts.push(text.slice(end));
  return { text: parts.join(""), count: places.length, lines };
}

/** Lines that a text is named with: some, and whether there are more. */
export function namedLines(lines: readonly number[], count: number): string {
  const unlike = [...new Set(lines)];
  const more = count > lines.length ? ", …" : "";
  return `line${unlike.length === 1 && more === "" ? "" : "s"} ${unlike.join(", ")}${more}`;
}

function ambiguous(text: string, from: string): string {
  // Places that overlap count too: each of them may be meant.
  const places: number[] = [];
  for (let at = text.indexOf(from); at !== -1; at = text.indexOf(from, at + 1)) {
    places.push(at);
    if (places.length > 1000) break;
  }
  const times = places.length > 1000 ? "more than 1000 times" : `${places.length} times`;
  const where = namedLines(linesOf(text, places), places.length);
  return `old_string is there ${times} (${where}); take in more around it, or set replace_all`;
}

function placesOf(text: string, from: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + from.length)) {
    places.push(at);
  }
  return places;
}

/** The lines, from 1, of the first places. */
function linesOf(text: string, places: readonly number[]): readonly number[] {
  let line = 1;
  let counted = 0;
  return places.slice(0, mostNamed).map((at) => {
    for (let i = text.indexOf("\n", counted); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) {
      line++;
      counted = i + 1;
    }
    return line;
  });
}

/** Where places of the text without its carriage returns lie in the text as it is. */
function spansIn(
  text: string,
  places: readonly number[],
  length: number,
): readonly (readonly [start: number, end: number])[] {
  let passed = 0; // of the line ends that are one longer in the text
  let next = text.indexOf("\r\n");
  const inText = (at: number) => {
    while (next !== -1 && next - passed < at) {
      passed++;
      next = text.indexOf("\r\n", next + 2);
    }
    return at + passed;
  };
  return places.map((at) => [inText(at), inText(at + length)] as const);
}

/** How the line ends that a place lies in; the last one as the one before it. */
function endingAt(text: string, at: number): string {
  const after = text.indexOf("\n", at);
  const end = after === -1 ? text.lastIndexOf("\n") : after;
  return end > 0 && text[end - 1] === "\r" ? "\r\n" : "\n";
}
