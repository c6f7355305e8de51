/**
 * Says what comes near to a text that is not in another, so that the next try can
 * be right. The time it takes is that of a few searches, whatever the texts.
 */
export function whyNotFound(text: string, from: string): string {
  const missing = "old_string is not in the file";
  const wanted = linesOf(from);
  const [first] = wanted;
  if (first === undefined) return missing;
  if (wanted.every(({ line }) => /^ *\d+\t/.test(line))) {
    return `${missing}; leave out the line numbers that read shows`;
  }
  const lines = linesOf(text);
  const squeezed = (all: readonly Line[]) => `\n${all.map(({ plain }) => plain).join("\n")}\n`;
  const place = squeezed(lines).indexOf(squeezed(wanted));
  if (place !== -1) {
    const { number } =
      lines[
        squeezed(lines)
          .slice(0, place + 1)
          .split("\n").length - 2
      ] ?? first;
    return `${missing} just so: at line ${number} it differs in its white space`;
  }
  const start = lines.find(({ plain }) => plain === first.plain);
  if (start !== undefined && wanted.length > 1) {
    return `${missing}; its first line is at line ${start.number}, what follows differs`;
  }
  const near = nearest(first.plain, lines);
  if (near === undefined) return `${missing}; read it again`;
  return `${missing}; line ${near.number} comes near: ${JSON.stringify(near.line.slice(0, 200))}`;
}

interface Line {
  readonly number: number;
  readonly line: string;
  /** Without white space. */
  readonly plain: string;
}

/** The lines that hold anything. */
function linesOf(text: string): readonly Line[] {
  return text
    .split("\n")
    .map((line, i) => ({ number: i + 1, line, plain: line.replace(/\s+/g, "") }))
    .filter(({ plain }) => plain !== "");
}

/** The line that has most pairs of signs in common with a text, where that is most of them. */
function nearest(wanted: string, lines: readonly Line[]): Line | undefined {
  const pairs = pairsOf(wanted);
  let best: Line | undefined;
  let most = 0.6;
  for (const line of lines) {
    const { length } = line.plain;
    // Lines of quite another length cannot come near.
    if (length > 2 * wanted.length || wanted.length > 2 * length || length > 1000) continue;
    const others = pairsOf(line.plain);
    let common = 0;
    for (const pair of others) if (pairs.has(pair)) common++;
    const likeness = (2 * common) / (pairs.size + others.size);
    if (likeness > most) [best, most] = [line, likeness];
  }
  return best;
}

function pairsOf(text: string): ReadonlySet<string> {
  return new Set(Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2)));
}
