import { isUtf8 } from "node:buffer";

/** Characters of the longest diff that is kept. */
const longest = 64 * 1024;
/** Milliseconds that looking for the difference may take: nothing else happens meanwhile. */
const patience = 100;
/** Lines shown around a change. */
const context = 3;

/** The change of a file as a unified diff; empty where it is not text, or too much changed. */
export async function textDiff(
  shown: string,
  before: Buffer | undefined,
  after: Buffer | undefined,
): Promise<string> {
  if (!isText(before) || !isText(after)) return "";
  const { formatPatch, structuredPatch } = await import("diff");
  const [from, to] = [before ? `a/${shown}` : "/dev/null", after ? `b/${shown}` : "/dev/null"];
  const { texts, lines } = changedPart(before?.toString() ?? "", after?.toString() ?? "");
  const options = { context, timeout: patience };
  const patch = structuredPatch(from, to, ...texts, undefined, undefined, options);
  if (patch === undefined) return "";
  const hunks = patch.hunks.map((hunk) => ({
    ...hunk,
    oldStart: hunk.oldStart + lines,
    newStart: hunk.newStart + lines,
  }));
  return shortened(formatPatch({ ...patch, hunks }).replace(/^=+\n/, ""));
}

/** True for what edits can be told of, and for no file at all. */
export function isText(bytes: Buffer | undefined): boolean {
  return bytes === undefined || (isUtf8(bytes) && !bytes.includes(0));
}

/**
 * What is left of two texts without the whole lines that they have in common at
 * both ends, but for the context; and how many lines that took away at the start.
 */
function changedPart(
  before: string,
  after: string,
): { readonly texts: readonly [string, string]; readonly lines: number } {
  const most = Math.min(before.length, after.length);
  let same = 0;
  while (same < most && before.charCodeAt(same) === after.charCodeAt(same)) same++;
  let start = before.lastIndexOf("\n", same - 1) + 1;
  if (same === 0) start = 0;
  for (let i = 0; i < context && start > 0; i++) {
    start = start === 1 ? 0 : before.lastIndexOf("\n", start - 2) + 1;
  }
  let tail = 0;
  while (
    tail < most - same &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  ) {
    tail++;
  }
  // The line that the change ends in, and those of the context behind it.
  let end = before.length - tail;
  for (let i = 0; i <= context && end < before.length; i++) {
    const next = before.indexOf("\n", end);
    end = next === -1 ? before.length : next + 1;
  }
  const left = before.length - end;
  return {
    texts: [before.slice(start, end), after.slice(start, after.length - left)],
    lines: countLines(before, start),
  };
}

function countLines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function shortened(diff: string): string {
  if (diff.length <= longest) return diff;
  const end = diff.lastIndexOf("\n", longest - 100) + 1;
  return `${diff.slice(0, end)}[… ${diff.length - end} characters of this diff are left out …]\n`;
}
