/**
 * Where a text stops being JSON, what was expected there, and what stands around
 * it, in words; undefined when it is JSON.
 */
export function findJsonFault(text: string): string | undefined {
  const { position, expected } = scan(text);
  if (expected === undefined) return undefined;
  if (position >= text.length) {
    const tail = JSON.stringify(text.slice(-shownAround));
    return `it ends too early, at position ${text.length}: expected ${expected} after ${tail}`;
  }
  const before = text.slice(Math.max(0, position - shownAround), position);
  const after = text.slice(position, position + shownAround);
  const where = `${JSON.stringify(before)} and before ${JSON.stringify(after)}`;
  return `at position ${position} expected ${expected}, after ${where}`;
}

const shownAround = 30;

/** What may come next. */
type Awaited = "value" | "first item" | "first name" | "name" | "colon" | "next" | "end";

interface Scan {
  readonly position: number;
  readonly expected: string | undefined;
}

function scan(text: string): Scan {
  const open: ("{" | "[")[] = [];
  let awaited: Awaited = "value";
  let position = 0;
  for (;;) {
    position = endOf(space, text, position);
    if (awaited === "end") {
      return { position, expected: position < text.length ? "nothing more" : undefined };
    }
    const step = stepOver(text, position, awaited, open);
    if ("expected" in step) return step;
    position = step.position;
    awaited = step.awaited;
  }
}

type Step = { readonly position: number; readonly awaited: Awaited } | Scan;

function stepOver(text: string, position: number, awaited: Awaited, open: ("{" | "[")[]): Step {
  const letter = text[position];
  switch (awaited) {
    case "end":
      return { position, expected: "nothing more" };
    case "colon":
      if (letter === ":") return { position: position + 1, awaited: "value" };
      return { position, expected: `":"` };
    case "first name":
      if (letter === "}") return close(position, open);
      return name(text, position, `a name in double quotes or "}"`);
    case "name":
      return name(text, position, "a name in double quotes");
    case "next":
      return separator(letter, position, open);
    case "first item":
      if (letter === "]") return close(position, open);
      return value(text, position, open);
    case "value":
      return value(text, position, open);
  }
}

function close(position: number, open: ("{" | "[")[]): Step {
  open.pop();
  return { position: position + 1, awaited: open.length === 0 ? "end" : "next" };
}

function name(text: string, position: number, expected: string): Step {
  if (text[position] !== '"') return { position, expected };
  const end = stringFrom(text, position);
  return "expected" in end ? end : { position: end.position, awaited: "colon" };
}

function separator(letter: string | undefined, position: number, open: ("{" | "[")[]): Step {
  const inObject = open.at(-1) === "{";
  if (letter === ",") return { position: position + 1, awaited: inObject ? "name" : "value" };
  if (letter === (inObject ? "}" : "]")) return close(position, open);
  return { position, expected: inObject ? `"," or "}"` : `"," or "]"` };
}

function value(text: string, position: number, open: ("{" | "[")[]): Step {
  const letter = text[position];
  const after: Awaited = open.length === 0 ? "end" : "next";
  if (letter === "{" || letter === "[") {
    open.push(letter);
    return { position: position + 1, awaited: letter === "{" ? "first name" : "first item" };
  }
  if (letter === '"') {
    const end = stringFrom(text, position);
    return "expected" in end ? end : { position: end.position, awaited: after };
  }
  const end = endOf(scalar, text, position);
  return end > position ? { position: end, awaited: after } : { position, expected: "a value" };
}

const space = /[ \t\r\n]*/y;
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones JSON forbids in strings.
const plainLetters = /[^"\\\u0000-\u001f]*/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

function stringFrom(text: string, start: number): { readonly position: number } | Scan {
  for (let position = start + 1; ; ) {
    position = endOf(plainLetters, text, position);
    const letter = text[position];
    if (letter === '"') return { position: position + 1 };
    if (letter === undefined) return { position, expected: `the closing quote of a string` };
    const end = letter === "\\" ? endOf(escapeSequence, text, position) : position;
    if (end === position) {
      const wrong =
        letter === "\\" ? `an escape such as \\n or \\\\` : "no control character as it is";
      return { position, expected: `${wrong} in a string` };
    }
    position = end;
  }
}

/** Where the match that starts at `position` ends; `position` itself when there is none. */
function endOf(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : position;
}
