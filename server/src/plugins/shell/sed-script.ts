/**
 * Whether a sed script only prints, deletes, keeps and replaces. What is not
 * wholly understood is not: `e` and the flag `e` run programs, `w` and `r` touch files.
 */
export function isTameSed(script: string): boolean {
  const scan = createScan(script);
  while (!scan.isOver()) {
    if (scan.skip(/[\s;]+/)) continue;
    if (!skipRange(scan)) return false;
    scan.skip(/\s*!?\s*/);
    if (!skipCommand(scan) || !scan.skip(/[ \t]*(?=[;\n]|$)/)) return false;
  }
  return true;
}

/** One address, two, or none. */
function skipRange(scan: Scan): boolean {
  if (!skipAddress(scan)) return false;
  return !scan.skip(/\s*,\s*/) || scan.skip(/\+\d+/) || skipAddress(scan);
}

function skipAddress(scan: Scan): boolean {
  if (scan.skip(/\d+(~\d+)?|\$/) || !scan.skip(/\//)) return true;
  if (!scan.skipPattern("/")) return false;
  scan.skip(/I/);
  return true;
}

function skipCommand(scan: Scan): boolean {
  if (!scan.skip(/s(?=[/|,#:@%])/)) return scan.skip(/[pd=gGhHnNPDx]|q\d*/);
  const delimiter = scan.take();
  if (!scan.skipPattern(delimiter) || !scan.skipPattern(delimiter)) return false;
  scan.skip(/[gpiI\d]+/);
  return true;
}

/** A place in a script, which moves over what fits. */
interface Scan {
  isOver(): boolean;
  /** Moves over what fits here; whether anything did. */
  skip(pattern: RegExp): boolean;
  /** The character here. */
  take(): string;
  /** Moves behind the delimiter; false where it is missing, or a bracket may hide it. */
  skipPattern(delimiter: string): boolean;
}

function createScan(script: string): Scan {
  let at = 0;
  return {
    isOver: () => at >= script.length,
    skip(pattern) {
      const sticky = new RegExp(pattern.source, "y");
      sticky.lastIndex = at;
      if (!sticky.test(script)) return false;
      at = sticky.lastIndex;
      return true;
    },
    take: () => script[at++] ?? "",
    skipPattern(delimiter) {
      const from = at;
      for (; at < script.length; at++) {
        const isEscape = script[at] === "\\";
        if (isEscape) at++;
        if (script[at] === "\n") return false;
        if (!isEscape && script[at] === delimiter) return isClosed(script.slice(from, at++));
      }
      return false;
    },
  };
}

/** Every `[` in a pattern is closed: sed and a reader agree where the pattern ends. */
function isClosed(pattern: string): boolean {
  const rest = pattern.replace(/\\./g, "").replace(/\[\^?\]?[^[\]]*\]/g, "");
  return !rest.includes("[");
}
