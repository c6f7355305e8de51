import type { DoubleQuotedChild, ParsedScript, Word, WordPart } from "unbash";
import { type Argument, opaque } from "./argument.ts";
import { expandBraces, hasLooseBraces } from "./braces.ts";
import { hasControl } from "./gate.ts";

/** What reading a word needs to know, and whom it tells what it meets. */
export interface WordContext {
  variable(name: string): Argument | undefined;
  readonly home: string;
  script(script: ParsedScript): void;
  doubt(why: string, text: string): void;
}

/** A piece of a word; null is unknown. `escaped` is its text as a pattern would write it. */
interface Piece {
  readonly text: string | null;
  readonly escaped: string;
  readonly isPattern: boolean;
  readonly mayBeMany?: boolean;
}

/** The words that one word of the source becomes: braces make several. */
export function readWord(word: Word, context: WordContext): readonly Argument[] {
  const parts = word.parts ?? [];
  if (hasLooseBraces(word)) context.doubt("braces that may be expanded", word.text);
  const whole: readonly Piece[][] =
    parts.length === 0
      ? [[bare(word.text, word.value, context)]]
      : expandBraces(parts, context).map((chosen) =>
          chosen.flatMap((part) => piece(part, context)),
        );
  const words = whole.map((pieces) => withTilde(join(pieces), word.text, context));
  if (words.length === 1) return words;
  // Homes are put in after the braces are taken apart.
  const isHome = /(^|[:=])~/;
  return words
    .filter(({ text }) => text !== "")
    .map((one) => (isHome.test(one.text ?? "") ? opaque : one));
}

/** The same where bash makes one word and no pattern of it, as in an assignment. */
export function readText(word: Word, context: WordContext): Argument {
  const [first = opaque, ...more] = readWord(word, context);
  if (more.length > 0) return opaque;
  return first.text === null ? opaque : { text: first.text };
}

/** Reads what stands unquoted in a heredoc, or in quotes: only for what it runs. */
export function readParts(parts: readonly WordPart[], context: WordContext): void {
  for (const part of parts) piece(part, context);
}

function join(pieces: readonly Piece[]): Argument {
  const mayBeMany = pieces.some((one) => one.mayBeMany);
  if (pieces.some(({ text }) => text === null))
    return { text: null, ...(mayBeMany && { mayBeMany }) };
  const text = pieces.map((one) => one.text).join("");
  const isPattern = pieces.some((one) => one.isPattern);
  return isPattern ? { text, pattern: pieces.map((one) => one.escaped).join("") } : { text };
}

function withTilde(word: Argument, source: string, { home, doubt }: WordContext): Argument {
  if (word.text === null) return word;
  if (/[:=]~/.test(source)) return opaque;
  if (!source.startsWith("~")) return word;
  if (source !== "~" && !source.startsWith("~/")) {
    doubt("another person's home", source);
    return opaque;
  }
  const pattern = word.pattern && escapeText(home) + word.pattern.slice(1);
  return { text: home + word.text.slice(1), ...(pattern && { pattern }) };
}

/** A second reading of what the parser took for plain text; both must agree. */
function bare(text: string, value: string, { doubt }: WordContext): Piece {
  let read = "";
  let escaped = "";
  for (let at = 0; at < text.length; at++) {
    const isEscape = text[at] === "\\" && at + 1 < text.length;
    if (isEscape) at++;
    const character = text[at] ?? "";
    if (isEscape && character === "\n") continue;
    if (!isEscape && "$`()<>;&|'\"".includes(character)) {
      doubt("the parser may have missed something", text);
      return unknown;
    }
    read += character;
    escaped += isEscape || "*?[\\".includes(character) ? `\\${character}` : character;
  }
  if (read === value) return { text: read, escaped, isPattern: false };
  doubt("two readings of a word differ", text);
  return unknown;
}

const unknown: Piece = { text: null, escaped: "", isPattern: false };
const split: Piece = { ...unknown, mayBeMany: true };
const fixed = (text: string): Piece => ({ text, escaped: escapeText(text), isPattern: false });
const escapeText = (text: string) => text.replace(/[*?[\\]/g, "\\$&");

function piece(part: WordPart, context: WordContext): Piece | Piece[] {
  switch (part.type) {
    case "Literal":
      return bare(part.text, part.value, context);
    case "SingleQuoted":
      return fixed(part.value);
    case "AnsiCQuoted":
      // Bash knows escapes that no manual tells of.
      if (/\\(x\{|c)/.test(part.text))
        context.doubt("an escape that is read in several ways", part.text);
      // As if it stood there unescaped: people would not see it either.
      if (hasControl(part.value)) context.doubt("an escape makes a control character", part.text);
      if (!part.text.includes("\n")) return fixed(part.value);
      context.doubt("a line break inside $'…'", part.text);
      return unknown;
    case "DoubleQuoted":
      return part.parts.map((child) => quoted(child, context));
    case "Glob":
      return glob(part, context);
    case "LocaleString":
      readParts(part.parts, context);
      context.doubt("a translated text", part.text);
      return unknown;
    case "ExtendedGlob":
      if (part.parts) readParts(part.parts, context);
      context.doubt("an extended pattern", part.text);
      return unknown;
    case "BraceExpansion":
      if (part.parts) readParts(part.parts, context);
      context.doubt("a brace expansion that is not taken apart", part.text);
      return split;
    case "ProcessSubstitution":
      context.script(part.script ?? broken);
      return fixed("/dev/fd/63");
    default:
      return unquoted(expansion(part, context));
  }
}

function glob(
  { text, parts = [] }: Extract<WordPart, { type: "Glob" }>,
  context: WordContext,
): Piece {
  readParts(parts, context);
  // What is put in between its brackets may split it.
  if (parts.some(({ type }) => type !== "Literal")) return split;
  return { text, escaped: text, isPattern: true };
}

const broken: ParsedScript = {
  type: "Script",
  pos: 0,
  end: 0,
  shebang: undefined,
  commands: [],
  errors: [{ message: "it could not be parsed", pos: 0 }],
};

function quoted(child: DoubleQuotedChild, context: WordContext): Piece {
  // What a backslash may escape in double quotes is the parser's to know; it expands nothing.
  if (child.type === "Literal") return fixed(child.value);
  const found = expansion(child, context);
  // "$@" and "${a[@]}" are any number of words, also none.
  if (found.text === null) return child.text.includes("@") ? split : unknown;
  if (found.pattern === undefined) return fixed(found.text);
  return { text: found.text, escaped: found.pattern, isPattern: true };
}

/** Out of quotes bash splits what it found, and takes it for a pattern. */
function unquoted(found: Argument): Piece {
  if (found.text === null) return split;
  if (found.pattern !== undefined) {
    return { text: found.text, escaped: found.pattern, isPattern: true };
  }
  return found.text === "" || /[\s*?[\]\\]/.test(found.text) ? split : fixed(found.text);
}

type Expansion = Exclude<DoubleQuotedChild, { readonly type: "Literal" }>;

function expansion(part: Expansion, context: WordContext): Argument {
  switch (part.type) {
    case "SimpleExpansion":
      return variableOf(part.text.slice(1), context);
    case "CommandExpansion":
      if (/^\$\{[\s|]/.test(part.text)) context.doubt("a substitution in this shell", part.text);
      context.script(part.script ?? broken);
      return opaque;
    case "ArithmeticExpansion":
      if (!/^\$\(\([\d\s+*/%()<>=!&|^~?:,-]*\)\)$/.test(part.text)) {
        context.doubt("arithmetic with names may run what they hold", part.text);
      }
      if (part.expression) walkArithmetic(part.expression, context);
      return opaque;
    case "ParameterExpansion":
      return parameter(part, context);
  }
}

function parameter(
  part: Extract<Expansion, { type: "ParameterExpansion" }>,
  context: WordContext,
): Argument {
  const { operation } = part;
  // Whether these quote anything depends on the quotes around.
  if (part.text.includes("$'")) context.doubt("quotes inside an expansion", part.text);
  if (part.index) readWord(part.index, context);
  for (const word of operandsOf(operation)) readWord(word, context);
  const isPlain = part.prefix === undefined && part.index === undefined;
  if (isPlain && operation === undefined) return variableOf(part.parameter, context);
  const isTame =
    part.index === undefined &&
    part.prefix !== "!" &&
    (operation === undefined || isTameOperation(operation));
  if (!isTame) context.doubt("an expansion that may assign or run something", part.text);
  return opaque;
}

type Operation = NonNullable<Extract<Expansion, { type: "ParameterExpansion" }>["operation"]>;

function isTameOperation(operation: Operation): boolean {
  switch (operation.type) {
    case "Default":
      return [":-", "-", ":+", "+"].includes(operation.operator);
    case "Remove":
    case "Replace":
    case "CaseModification":
      return true;
    default:
      return false;
  }
}

function operandsOf(operation: Operation | undefined): readonly Word[] {
  if (operation === undefined) return [];
  return Object.values(operation).filter(isWord);
}

function isWord(value: unknown): value is Word {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Word";
}

/** Runs through whatever an arithmetic expression holds: only what it starts matters. */
function walkArithmetic(node: unknown, context: WordContext): void {
  if (typeof node !== "object" || node === null) return;
  if ("script" in node && "type" in node && node.type === "ArithmeticCommandExpansion") {
    // The parser's type says so; undefined is what it could not parse.
    context.script((node.script as ParsedScript | undefined) ?? broken);
    return;
  }
  // Word parts carry expansions of their own.
  if ("parts" in node && Array.isArray(node.parts)) readParts(node.parts as WordPart[], context);
  for (const key of ["left", "right", "operand", "test", "consequent", "alternate", "expression"]) {
    walkArithmetic(Reflect.get(node, key), context);
  }
}

export { walkArithmetic as readArithmetic };

function variableOf(name: string, context: WordContext): Argument {
  return context.variable(name) ?? opaque;
}
