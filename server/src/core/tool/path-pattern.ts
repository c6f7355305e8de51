/** Whether a real path fits a pattern: `*` within a name, `**` over folders, none included. */
export type PathPattern = (path: string) => boolean;

/** Compiles a pattern without placeholders. A folder followed by `**` fits itself too. */
export function compilePath(
  pattern: string,
  options: { readonly foldsCase: boolean },
): PathPattern {
  const fold = (text: string) => (options.foldsCase ? text.toLowerCase() : text);
  const steps = fold(pattern)
    .split("/")
    .filter((step) => step !== "");
  return (path) =>
    fitsSteps(
      fold(path)
        .split("/")
        .filter((step) => step !== ""),
      steps,
    );
}

function fitsSteps(path: readonly string[], steps: readonly string[]): boolean {
  return fits(path, steps, (step) => step === "**", fitsName);
}

function fitsName(name: string, step: string): boolean {
  if (!step.includes("*")) return name === step;
  return fits(
    [...name],
    [...step],
    (sign) => sign === "*",
    (a, b) => a === b,
  );
}

/** Goes back to the last wildcard only: the time is the product of the lengths, never more. */
function fits(
  items: readonly string[],
  pattern: readonly string[],
  isWild: (one: string) => boolean,
  isSame: (item: string, one: string) => boolean,
): boolean {
  let item = 0;
  let at = 0;
  let wild = -1;
  let from = 0;
  while (item < items.length) {
    const one = pattern[at];
    if (one !== undefined && isWild(one)) {
      wild = at++;
      from = item;
    } else if (one !== undefined && isSame(items[item] ?? "", one)) {
      at++;
      item++;
    } else if (wild >= 0) {
      at = wild + 1;
      item = ++from;
    } else return false;
  }
  return pattern.slice(at).every(isWild);
}
