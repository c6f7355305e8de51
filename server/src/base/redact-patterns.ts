import type { TextFilter } from "./redact-filter.ts";
import { longestMatch, readPattern } from "./redact-pattern-source.ts";
import { keyShapes, longestEnd, privateKeyRest, privateKeyStart } from "./redact-shapes.ts";

/** What stands in place of a text that looks like a secret. */
export const redacted = "[redacted]";

/** Finds what looks like a secret. */
export interface PatternFinder {
  filter(): TextFilter;
}

/** Characters of a pattern. */
const longestSource = 1000;
/** Steps at one place of a text that a pattern may take. */
const mostWays = 65_536;
/** Characters before a place that a pattern may look at. */
const lookBack = 64;

/** What is wrong with a pattern that a person wrote; undefined when nothing is. */
export function patternProblem(source: string): string | undefined {
  if (source.length > longestSource) return `must have at most ${longestSource} characters`;
  if (/[^\0-\x7f]/.test(source)) return "must be ASCII: bytes are searched too";
  if (/\(\?[=!]/.test(source)) return "must not look ahead: what follows may not have come yet";
  try {
    const { least, ways } = readPattern(source);
    if (least === 0) return "must not match an empty text";
    if (ways <= mostWays) return undefined;
    return "may take too long: bound what repeats, such as {8,64}, and repeat no group that can match in several ways";
  } catch (error) {
    if (error instanceof SyntaxError) return `is no pattern: ${error.message}`;
    throw error;
  }
}

/** The shapes of well-known keys, and the patterns that `patternProblem` finds nothing wrong with. */
export function createPatternFinder(patterns: readonly string[]): PatternFinder {
  const sources = [privateKeyStart, ...keyShapes, ...patterns].map(readPattern);
  const any = (choices: readonly string[]) => choices.map((one) => `(?:${one})`).join("|");
  const full = new RegExp(any(sources.map((one) => one.full)), "g");
  const partial = new RegExp(`(?:${any(sources.map((one) => one.partial))})$`, "g");
  return { filter: () => createFilter(full, partial) };
}

function createFilter(full: RegExp, partial: RegExp): TextFilter {
  /** What is held back, and a little of what went before it. */
  let text = "";
  let from = 0;
  /** Within a private key: nothing of it comes out. */
  let isInKey = false;

  function run(isEnd: boolean): string {
    let out = "";
    let open = -1;
    while (!isInKey || passKey(isEnd)) {
      if (open < from) open = isEnd ? text.length : openFrom(text, from, partial);
      const match = matchFrom(text, from, full);
      if (match === undefined || (match.start >= open && !isEnd)) {
        out += text.slice(from, open);
        from = open;
        break;
      }
      out += text.slice(from, match.start) + redacted;
      from = match.end;
      isInKey = match.isKey;
    }
    const kept = Math.max(0, from - lookBack);
    text = text.slice(kept);
    from -= kept;
    return out;
  }

  /** Goes to where a private key ends; false where that has not come yet. */
  function passKey(isEnd: boolean): boolean {
    privateKeyRest.lastIndex = from;
    const rest = privateKeyRest.exec(text)?.[0] ?? "";
    const isWhole = /KEY(?: BLOCK)?-----$/.test(rest);
    if (!isWhole && !isEnd && from + rest.length === text.length) {
      from = Math.max(from, text.length - longestEnd);
      return false;
    }
    from += rest.length;
    isInKey = false;
    return true;
  }

  return {
    push(more) {
      text += more;
      return run(false);
    },
    end: () => run(true),
  };
}

function matchFrom(text: string, from: number, full: RegExp) {
  full.lastIndex = from;
  const match = full.exec(text);
  if (match === null) return undefined;
  const isKey = match[0].startsWith("-----BEGIN ");
  return { start: match.index, end: match.index + match[0].length, isKey };
}

/** Where something begins that more text may make a match of. */
function openFrom(text: string, from: number, partial: RegExp): number {
  partial.lastIndex = Math.max(from, text.length - longestMatch);
  return partial.exec(text)?.index ?? text.length;
}
