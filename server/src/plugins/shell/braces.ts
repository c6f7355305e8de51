import type { Word, WordPart } from "unbash";

const mostWords = 64;

/** Whether braces that the parser takes for plain text may be a list to bash. */
export function hasLooseBraces({ text, parts = [] }: Word): boolean {
  const found = parts.filter(({ type }) => type === "BraceExpansion");
  const loose = found.reduce((rest, part) => rest.replace(part.text, ""), text);
  const plain = loose.replace(/\\.|'[^']*'/gs, "");
  return /\{.*(,|\.\.).*\}/s.test(plain);
}

/** Takes `{a,b}` apart into the words it makes; what is more complicated stays a part. */
export function expandBraces(
  parts: readonly WordPart[],
  context: { doubt(why: string, text: string): void },
): readonly WordPart[][] {
  let words: WordPart[][] = [[]];
  for (const part of parts) {
    const choices = part.type === "BraceExpansion" ? choicesOf(part) : undefined;
    if (choices !== undefined && words.length * choices.length > mostWords) {
      context.doubt("too many words come of braces", part.text);
      return [[...parts]];
    }
    const next = choices ?? [part];
    words = words.flatMap((word) => next.map((choice) => [...word, choice]));
  }
  return words;
}

/** Of a list of plain names, or a short range of numbers; undefined for all else. */
function choicesOf(part: Extract<WordPart, { type: "BraceExpansion" }>): WordPart[] | undefined {
  const inner = part.text.slice(1, -1);
  const range = /^(\d{1,4})\.\.(\d{1,4})$/.exec(inner);
  const names = range
    ? numbers(Number(range[1]), Number(range[2]))
    : /^[\w./:=@%+,-]*$/.test(inner) && inner.includes(",")
      ? inner.split(",")
      : undefined;
  const { pos, end } = part;
  return names?.map((text) => ({ type: "Literal", pos, end, text, value: text }));
}

function numbers(first: number, last: number): string[] | undefined {
  const length = Math.abs(last - first) + 1;
  if (length > mostWords) return undefined;
  const step = last < first ? -1 : 1;
  return Array.from({ length }, (_, index) => String(first + index * step));
}
