/** A pattern, and what is needed to look for it in a text that is still coming. */
export interface PatternSource {
  readonly full: string;
  /** Matches, up to the text's end, whatever may become a match when more comes. */
  readonly partial: string;
  /** Characters of its shortest match. */
  readonly least: number;
  /** About how many steps one place of a text may take. */
  readonly ways: number;
}

/** What repeats without end is looked for so far. */
export const longestMatch = 4096;

/**
 * Reads a regular expression as JavaScript without flags has it. Throws
 * SyntaxError for one that is wrong, or that a coming text cannot be searched for.
 */
export function readPattern(source: string): PatternSource {
  new RegExp(source); // says what is wrong with it, so that what follows may trust it
  const reader = { source, at: 0 };
  const read = readChoice(reader);
  return { ...read, full: read.full };
}

interface Reader {
  readonly source: string;
  at: number;
}

const nothing: PatternSource = { full: "", partial: "", least: 0, ways: 1 };

function readChoice(reader: Reader): PatternSource {
  const options: PatternSource[] = [];
  do options.push(readSequence(reader));
  while (take(reader, /\|/y) !== undefined);
  const [first = nothing, ...others] = options;
  return others.reduce(
    (all, one) => ({
      full: `${all.full}|${one.full}`,
      partial: `${all.partial}|${one.partial}`,
      least: Math.min(all.least, one.least),
      ways: all.ways + one.ways,
    }),
    first,
  );
}

function readSequence(reader: Reader): PatternSource {
  let all = nothing;
  while (reader.at < reader.source.length && !/[|)]/.test(reader.source[reader.at] ?? "")) {
    const one = repeated(readAtom(reader), reader);
    all = {
      full: all.full + one.full,
      partial: all.partial + one.partial,
      least: all.least + one.least,
      ways: all.ways * one.ways,
    };
  }
  return all;
}

function readAtom(reader: Reader): PatternSource {
  const opening = take(reader, /\((\?(<?[=!]|<\w+>|[a-z]*(-[a-z]+)?:))?/y);
  if (opening !== undefined) return readGroup(opening, reader);
  const edge = take(reader, /\^|\$|\\[bB]/y);
  if (edge !== undefined) return { ...nothing, full: edge, partial: orEnd(edge) };
  if (take(reader, /\\([1-9kpP]|u\{)/y) !== undefined) {
    throw new SyntaxError("must not refer back, nor use \\p or \\u{…}");
  }
  const one = take(
    reader,
    /\[(?:\\[\s\S]|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|c[a-zA-Z]|[\s\S])|[\s\S]/y,
  );
  return { full: one ?? "", partial: orEnd(one ?? ""), least: 1, ways: 1 };
}

function readGroup(opening: string, reader: Reader): PatternSource {
  const inner = readChoice(reader);
  take(reader, /\)/y);
  const whole = (start: string) => `${start}${inner.full})`;
  switch (opening) {
    case "(?=":
    case "(?!":
      // What is ahead may not be there yet, so a match is not ruled out.
      return { ...nothing, full: whole(opening), ways: inner.ways };
    case "(?<=":
    case "(?<!":
      return { ...nothing, full: whole(opening), partial: orEnd(whole(opening)), ways: inner.ways };
    default: {
      if (/m|s/.test(opening)) throw new SyntaxError("must not set the flags m or s");
      const start = opening.endsWith(":") ? opening : "(?:";
      return { ...inner, full: whole(start), partial: `${start}${inner.partial})` };
    }
  }
}

/** An atom as often as what follows it says. */
function repeated(atom: PatternSource, reader: Reader): PatternSource {
  const sign = take(reader, /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
  if (sign === undefined) return atom;
  const [least, most] = bounds(sign);
  const lazy = sign.length > 1 && sign.endsWith("?") ? "?" : "";
  const times = `{${least},${most}}`;
  return {
    full: atom.full + times + lazy,
    partial: atom.partial + times,
    least: atom.least * least,
    ways: atom.ways === 1 ? most - least + 1 : atom.ways ** most,
  };
}

function bounds(sign: string): readonly [least: number, most: number] {
  if (sign.startsWith("?")) return [0, 1];
  if (sign.startsWith("*")) return [0, longestMatch];
  if (sign.startsWith("+")) return [1, longestMatch];
  const [least = "0", most] = sign.replace(/[{}?]/g, "").split(",");
  if (most === undefined) return [Number(least), Number(least)];
  return [Number(least), most === "" ? Math.max(longestMatch, Number(least)) : Number(most)];
}

function orEnd(source: string): string {
  return `(?:${source}|$)`;
}

function take(reader: Reader, what: RegExp): string | undefined {
  what.lastIndex = reader.at;
  const found = what.exec(reader.source)?.[0];
  reader.at += found?.length ?? 0;
  return found;
}
