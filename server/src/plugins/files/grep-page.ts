/** What a search found, as far as there was room. */
export interface GrepPage {
  /** Takes one record of ripgrep's output, or says with false that there is no more room. */
  take(record: string): boolean;
  /** Takes one path of a search for files only. */
  takeFile(path: string): boolean;
  text(): string;
  /** Why it ends before the search did. */
  cutBy(): "limit" | "size" | undefined;
}

/**
 * Gathers records of the form `path NUL number : text`, where `-` instead of `:`
 * marks context, into one block a file. `show` gives the words for a path, or
 * undefined when its file is not wanted.
 */
export function createGrepPage(
  limit: number,
  show: (path: string) => string | undefined,
): GrepPage {
  const lines: string[] = [];
  let bytes = 0;
  let matches = 0;
  let cutBy: "limit" | "size" | undefined;
  let heading: string | undefined;
  let hasGap = false;
  let unfinished = ""; // the start of a path that has a line break in it

  function add(line: string): void {
    lines.push(line);
    bytes += Buffer.byteLength(line) + 1;
  }

  /** Decides whether one more fits; once it does not, nothing does. */
  function hasRoom(isMatch: boolean): boolean {
    if (isMatch && matches === limit) cutBy ??= "limit";
    if (bytes > maxBytes) cutBy ??= "size";
    return cutBy === undefined;
  }

  function head(shown: string): void {
    if (shown !== heading) add(heading === undefined ? shown : `\n${shown}`);
    else if (hasGap) add("--");
    heading = shown;
    hasGap = false;
  }

  function takeLine(path: string, line: string): boolean {
    const shown = show(path);
    if (shown === undefined) return true;
    const isMatch = /^\d+:/.test(line);
    if (!hasRoom(isMatch)) return false;
    head(shown);
    if (isMatch) matches++;
    add(shortened(line));
    return true;
  }

  return {
    take(record) {
      const end = record.indexOf("\0");
      if (end !== -1) {
        const path = unfinished + record.slice(0, end);
        unfinished = "";
        return takeLine(path, record.slice(end + 1));
      }
      if (/^--\r?$/.test(record)) hasGap = true;
      else if (binaryNote.test(record)) add(`[${record.replace(/^.*?: (?=binary|WARNING)/, "")}]`);
      else unfinished += `${record}\n`;
      return true;
    },
    takeFile(path) {
      const shown = show(path);
      if (shown === undefined) return true;
      if (!hasRoom(true)) return false;
      matches++;
      add(shown);
      return true;
    },
    text: () => lines.join("\n"),
    cutBy: () => cutBy,
  };
}

const maxBytes = 256 * 1024;

/** Characters of a line; ripgrep cuts at as many signs, which can be more. */
export const maxMatchLength = 500;

/** Room for the number in front and for ripgrep's own words about what it cut. */
const lineRoom = maxMatchLength + 60;

const binaryNote = /: (binary file matches|WARNING: stopped searching binary file)/;

function shortened(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.length <= lineRoom ? text : `${text.slice(0, maxMatchLength)} … [line cut here]`;
}
