/**
 * Whether a sed script only prints, deletes, keeps and replaces. What is not
 * wholly understood is not: `e` and the flag `e` run programs, `w` and `r` touch files.
 */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: a small parser reads best in one place
export function isTameSed(script: string): boolean {
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = at;
    if (!sticky.test(script)) return false;
    at = sticky.lastIndex;
    return true;
  };
  /** Up to the delimiter; false where it is missing, or a bracket may hide it. */
  const skipPattern = (delimiter: string): boolean => {
    const from = at;
    for (; at < script.length; at++) {
      if (script[at] === "\n") return false;
      if (script[at] === "\\") {
        at++;
        if (script[at] === "\n") return false;
      } else if (script[at] === delimiter) {
        return isClosed(script.slice(from, at++));
      }
    }
    return false;
  };
  const skipAddress = (): boolean => {
    if (skip(/\d+(~\d+)?|\$/)) return true;
    if (script[at] !== "/") return true;
    at++;
    return skipPattern("/") && (skip(/I/) || true);
  };
  while (at < script.length) {
    if (skip(/[\s;]+/)) continue;
    if (!skipAddress()) return false;
    if (skip(/\s*,\s*/)) {
      if (!skip(/\+\d+/) && !skipAddress()) return false;
    }
    skip(/\s*!?\s*/);
    if (skip(/s(?=[/|,#:@%])/)) {
      const delimiter = script[at++] ?? "";
      if (!skipPattern(delimiter) || !skipPattern(delimiter)) return false;
      skip(/[gpiI\d]+/);
    } else if (!skip(/[pd=gGhHnNPDx]|q\d*/)) return false;
    if (!skip(/[ \t]*(?=[;\n]|$)/)) return false;
  }
  return true;
}

/** Every `[` in a pattern is closed: sed and a reader agree where the pattern ends. */
function isClosed(pattern: string): boolean {
  const rest = pattern.replace(/\\./g, "").replace(/\[\^?\]?[^[\]]*\]/g, "");
  return !rest.includes("[");
}
