import type { TextFilter } from "./redact-filter.ts";

/**
 * Spells JSON the shortest way, piece by piece: printable ASCII as itself where it
 * was written as `\u0041` or `\/`. It says the same, and a text within it can be found.
 */
export function plainJson(): TextFilter {
  let held = "";
  return {
    push(text) {
      const all = held + text;
      let done = 0;
      const plain = all.replace(escapes, (found: string, code: string | undefined, at: number) => {
        done = at + found.length;
        return shorter(found, code);
      });
      const open = all.indexOf("\\", done);
      held = open < 0 ? "" : all.slice(open);
      return plain.slice(0, plain.length - held.length);
    },
    end: () => held,
  };
}

const escapes = /\\(?:u([\s\S]{4})|[^u])/g;

function shorter(found: string, code: string | undefined): string {
  if (code === undefined) return found === "\\/" ? "/" : found;
  if (!/^[\da-fA-F]{4}$/.test(code)) return found;
  const letter = String.fromCharCode(Number.parseInt(code, 16));
  // A quote and a backslash cannot stand by themselves.
  return /[ !#-[\]-~]/.test(letter) ? letter : found;
}
