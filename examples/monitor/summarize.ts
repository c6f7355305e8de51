const mostLines = 20;

/**
 * What changed between two texts: the lines that went (`-`) and came (`+`) between what both
 * begin and end with. A change in two places shows all that is between them.
 */
export function summarize(before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const most = Math.min(old.length, now.length);
  let start = 0;
  while (start < most && old[start] === now[start]) start++;
  let end = 0;
  while (end < most - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const gone = old.slice(start, old.length - end);
  const come = now.slice(start, now.length - end);
  const head = `@@ -${start + 1},${gone.length} +${start + 1},${come.length} @@`;
  return [head, ...cut(gone, "-"), ...cut(come, "+")].join("\n");
}

function cut(lines: readonly string[], sign: string): string[] {
  const shown = lines.slice(0, mostLines).map((line) => `${sign}${line.slice(0, 200)}`);
  const left = lines.length - mostLines;
  return left > 0 ? [...shown, `${sign} and ${left} more lines`] : shown;
}
