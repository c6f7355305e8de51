/** A line of one text compared with another. */
export interface DiffLine {
  readonly mark: "same" | "added" | "removed" | "skipped";
  readonly text: string;
}

/** Lines of the middle that are compared one by one; longer ones are told as one change. */
const mostLines = 2000;

/** What makes one text into another, line by line; `around` same lines are kept at each change. */
export function lineDiff(before: string, after: string, around = 3): readonly DiffLine[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail))
    tail++;
  const middle = compare(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const same = (lines: readonly string[]) => lines.map((text) => ({ mark: "same", text }) as const);
  return folded([...same(a.slice(0, head)), ...middle, ...same(a.slice(a.length - tail))], around);
}

/** By the longest common subsequence. */
function compare(a: readonly string[], b: readonly string[]): DiffLine[] {
  if (a.length > mostLines || b.length > mostLines) return [...a.map(removed), ...b.map(added)];
  const common = commonLengths(a, b);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  for (let [x, y] = [a[0], b[0]]; x !== undefined && y !== undefined; [x, y] = [a[i], b[j]]) {
    if (x === y) {
      lines.push({ mark: "same", text: x });
      i++;
      j++;
    } else if (common(i + 1, j) >= common(i, j + 1)) {
      lines.push(removed(x));
      i++;
    } else {
      lines.push(added(y));
      j++;
    }
  }
  return [...lines, ...a.slice(i).map(removed), ...b.slice(j).map(added)];
}

/** How many lines both have in common from these places on. */
function commonLengths(
  a: readonly string[],
  b: readonly string[],
): (i: number, j: number) => number {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const isSame = a[i] === b[j];
      lengths[i * width + j] = isSame ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at;
}

function removed(text: string): DiffLine {
  return { mark: "removed", text };
}

function added(text: string): DiffLine {
  return { mark: "added", text };
}

/** Leaves out what is far from every change. */
function folded(lines: readonly DiffLine[], around: number): DiffLine[] {
  const near = new Uint8Array(lines.length);
  for (const [place, { mark }] of lines.entries()) {
    if (mark !== "same") near.fill(1, Math.max(0, place - around), place + around + 1);
  }
  const kept: DiffLine[] = [];
  let skipped = 0;
  const flush = () => {
    if (skipped > 0) kept.push({ mark: "skipped", text: `${skipped} lines are the same` });
    skipped = 0;
  };
  for (const [place, line] of lines.entries()) {
    if (near[place] !== 1) {
      skipped++;
      continue;
    }
    flush();
    kept.push(line);
  }
  flush();
  return kept;
}
