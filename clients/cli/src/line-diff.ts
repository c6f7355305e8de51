/** What became of a line, or of anything that is compared as text. */
export interface LineChange {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Steps of comparing beyond which a change is told as a whole. */
const mostSteps = 4_000_000;

/**
 * The fewest lines to take out and to put in. Where two texts differ so much that finding them
 * would take long, all of one is taken out and all of the other put in.
 */
export function diffLines(before: readonly string[], after: readonly string[]): LineChange[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const head = before.slice(0, start);
  const tail = before.slice(before.length - end);
  const middle = diffMiddle(
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
  );
  return [...head.map(same), ...middle, ...tail.map(same)];
}

const same = (text: string): LineChange => ({ kind: "same", text });
const removed = (text: string): LineChange => ({ kind: "removed", text });
const added = (text: string): LineChange => ({ kind: "added", text });

function diffMiddle(before: readonly string[], after: readonly string[]): LineChange[] {
  if (before.length * after.length > mostSteps) {
    return [...before.map(removed), ...after.map(added)];
  }
  const kept = keptFrom(before, after);
  const width = after.length + 1;
  const changes: LineChange[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, next] = [before[i], after[j]];
    if (old !== undefined && old === next) {
      changes.push(same(old));
      i++;
      j++;
    } else if (old !== undefined && (next === undefined || isRemoved(kept, width, i, j))) {
      changes.push(removed(old));
      i++;
    } else if (next !== undefined) {
      changes.push(added(next));
      j++;
    }
  }
  return changes;
}

function isRemoved(kept: Uint32Array, width: number, i: number, j: number): boolean {
  return (kept[(i + 1) * width + j] ?? 0) >= (kept[i * width + j + 1] ?? 0);
}

/** How many lines can be kept from each pair of places on, row by row. */
function keptFrom(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const kept = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const [below, beside] = [kept[(i + 1) * width + j] ?? 0, kept[i * width + j + 1] ?? 0];
      const both = (kept[(i + 1) * width + j + 1] ?? 0) + 1;
      kept[i * width + j] = before[i] === after[j] ? both : Math.max(below, beside);
    }
  }
  return kept;
}
