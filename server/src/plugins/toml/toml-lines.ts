import { parse } from "smol-toml";

/** Where a value lies: keys, and places in arrays, from the document's top. */
export type TomlPath = readonly (string | number)[];

/**
 * Finds lines of values in TOML text that a parser has accepted. A path that is
 * not there gets the line of the nearest table around it, at last 1. The text is
 * read once, when the first line is asked for.
 */
export function lineFinder(toml: string): (path: TomlPath) => number {
  let lines: ReadonlyMap<string, number> | undefined;
  return (path) => {
    lines ??= linesOf(toml);
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

/** The line of one value: for a mistake, not for every value. */
export function lineOf(toml: string, path: TomlPath): number {
  return lineFinder(toml)(path);
}

/** Lines by path, as JSON. */
function linesOf(toml: string): Map<string, number> {
  let [line, at] = [1, 0];
  const byOffset = [...offsetsOf(toml)].sort(([, a], [, b]) => a - b);
  const lines = byOffset.map(([path, offset]): [string, number] => {
    for (; at < offset; at++) if (toml.charCodeAt(at) === newline) line++;
    return [path, line];
  });
  return new Map(lines);
}

const newline = 0x0a;

function offsetsOf(toml: string): Map<string, number> {
  const offsets = new Map<string, number>();
  const tables = new Map<string, number>();
  let at = 0;

  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(toml) ?? [""];
    at += found.length;
    return found;
  };
  const mark = (path: TomlPath, offset: number): void => {
    const key = JSON.stringify(path);
    if (!offsets.has(key)) offsets.set(key, offset);
  };
  const takeKeys = (): string[] => {
    const keys: string[] = [];
    do {
      take(blanks);
      keys.push(plainKey(take(oneKey)));
      take(blanks);
    } while (take(/\./y) !== "");
    return keys;
  };
  const takeHeader = (offset: number, opening: string): TomlPath => {
    const keys = takeKeys();
    take(/\]{1,2}/y);
    const path: (string | number)[] = [];
    for (const [index, key] of keys.entries()) {
      path.push(key);
      const name = JSON.stringify(path);
      if (index === keys.length - 1 && opening === "[[") {
        tables.set(name, (tables.get(name) ?? -1) + 1);
      }
      mark(path, offset);
      const count = tables.get(name);
      if (count !== undefined) path.push(count);
      mark(path, offset);
    }
    return path;
  };
  const takePair = (table: TomlPath): void => {
    const offset = at;
    const path = [...table];
    for (const key of takeKeys()) {
      path.push(key);
      mark(path, offset);
    }
    take(/=[ \t]*/y);
    takeValue(path);
  };
  const takeValue = (path: TomlPath): void => {
    if (take(/\[/y) !== "") {
      let index = 0;
      for (take(filler); take(/\]/y) === "" && at < toml.length; take(filler)) {
        mark([...path, index], at);
        takeValue([...path, index++]);
      }
    } else if (take(/\{/y) !== "") {
      for (take(filler); take(/\}/y) === "" && at < toml.length; take(filler)) takePair(path);
    } else if (take(quoted) === "") take(scalar);
  };

  let table: TomlPath = [];
  take(/\uFEFF/y);
  for (take(filler); at < toml.length; take(filler)) {
    const offset = at;
    const opening = take(/\[{1,2}/y);
    if (opening === "") takePair(table);
    else table = takeHeader(offset, opening);
  }
  return offsets;
}

const blanks = /[ \t]*/y;
/** All that separates: white space, commas, comments. */
const filler = /(?:[\s,]|#[^\n]*)*/y;
const oneKey = /[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'/y;
const quoted = /"""(?:\\[\s\S]|[^\\])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'/y;
/** At least one character, so that every loop above comes to an end. */
const scalar = /[^,\]}#\n]+|[\s\S]/y;

function plainKey(token: string): string {
  if (!/^["']/.test(token)) return token;
  return Object.keys(parse(`${token} = 0`))[0] ?? token;
}
