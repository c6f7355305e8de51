/**
 * The patterns that `{a,b}` stands for, nested ones too, in order; undefined when
 * they are more than `most`. A brace that is never closed, or is behind `\`,
 * stands for itself.
 */
export function expandBraces(pattern: string, most: number): string[] | undefined {
  const whole: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const group = firstGroup(next);
    if (group === undefined) whole.push(next);
    else open.push(...group.reverse());
    if (whole.length + open.length > most) return undefined;
  }
  return whole;
}

/** The pattern once for each choice of its first braces; undefined when it has none. */
function firstGroup(pattern: string): string[] | undefined {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === "\\") i++;
    else if (pattern[i] === "{") {
      const group = choicesOf(pattern, i);
      if (group === undefined) continue;
      const before = pattern.slice(0, i);
      return group.choices.map((choice) => before + choice + pattern.slice(group.end));
    }
  }
  return undefined;
}

function choicesOf(pattern: string, open: number): { choices: string[]; end: number } | undefined {
  const choices: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < pattern.length; i++) {
    const letter = pattern[i];
    if (letter === "\\") i++;
    else if (letter === "{") depth++;
    else if (letter === "," && depth === 1) {
      choices.push(pattern.slice(start, i));
      start = i + 1;
    } else if (letter === "}" && --depth === 0) {
      choices.push(pattern.slice(start, i));
      return { choices, end: i + 1 };
    }
  }
  return undefined;
}
