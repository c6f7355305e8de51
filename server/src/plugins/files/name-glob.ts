/** A glob for one name, without `/`. */
export type NameGlob = readonly NameToken[];

type NameToken =
  | { readonly kind: "any letters" }
  | { readonly kind: "any letter" }
  | { readonly kind: "letter"; readonly letter: string }
  | { readonly kind: "set"; readonly isNegated: boolean; readonly ranges: readonly Range[] };

type Range = readonly [first: number, last: number];

/** Reads a glob for one name. A bracket that is never closed stands for itself. */
export function readNameGlob(text: string): NameGlob {
  const letters = Array.from(text);
  const tokens: NameToken[] = [];
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] ?? "";
    const close = letter === "[" ? closeOf(letters, i) : -1;
    if (letter === "*") tokens.push({ kind: "any letters" });
    else if (letter === "?") tokens.push({ kind: "any letter" });
    else if (close !== -1) {
      tokens.push(readSet(letters.slice(i + 1, close)));
      i = close;
    } else if (letter === "\\" && i + 1 < letters.length) {
      tokens.push({ kind: "letter", letter: letters[++i] ?? "" });
    } else tokens.push({ kind: "letter", letter });
  }
  return tokens;
}

/** True when the glob fits the whole name, given as its letters. */
export function fitsName(glob: NameGlob, name: readonly string[]): boolean {
  return matchesSequence(glob, name, (token) => token.kind === "any letters", fitsLetter);
}

/**
 * True when the pattern fits the whole input, where a star fits any run of items
 * and everything else fits one. Going back to the last star alone is enough, so
 * the time is bounded by pattern times input.
 */
export function matchesSequence<Pattern, Item>(
  pattern: readonly Pattern[],
  input: readonly Item[],
  isStar: (part: Pattern) => boolean,
  fits: (part: Pattern, item: Item) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let i = 0; i < input.length; ) {
    const part = pattern[at];
    const item = input[i];
    if (part !== undefined && isStar(part)) {
      star = at++;
      retry = i;
    } else if (part !== undefined && item !== undefined && fits(part, item)) {
      at++;
      i++;
    } else if (star !== -1) {
      at = star + 1;
      i = ++retry;
    } else return false;
  }
  return pattern.slice(at).every(isStar);
}

/** The place of the bracket that closes a set; one that comes first belongs to the set. */
function closeOf(letters: readonly string[], open: number): number {
  const isNegated = letters[open + 1] === "!" || letters[open + 1] === "^";
  return letters.indexOf("]", open + (isNegated ? 3 : 2));
}

function readSet(letters: readonly string[]): NameToken {
  const isNegated = letters[0] === "!" || letters[0] === "^";
  const members = letters.slice(isNegated ? 1 : 0);
  const ranges: Range[] = [];
  for (let i = 0; i < members.length; i++) {
    const first = codeOf(members[i]);
    const isRange = members[i + 1] === "-" && i + 2 < members.length;
    ranges.push([first, isRange ? codeOf(members[i + 2]) : first]);
    if (isRange) i += 2;
  }
  return { kind: "set", isNegated, ranges };
}

function fitsLetter(token: NameToken, letter: string): boolean {
  switch (token.kind) {
    case "any letters":
    case "any letter":
      return true;
    case "letter":
      return token.letter === letter;
    case "set": {
      const code = codeOf(letter);
      const isMember = token.ranges.some(([first, last]) => first <= code && code <= last);
      return isMember !== token.isNegated;
    }
  }
}

function codeOf(letter: string | undefined): number {
  return letter?.codePointAt(0) ?? -1;
}
