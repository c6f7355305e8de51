import { diffLines, type LineChange } from "./line-diff.ts";

/** A place in a request where it is not as it was. What is missing was not there. */
export interface RequestChange {
  /** Such as `messages[3]` or `tools[bash].description`; empty for the whole. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * What changed from one request to the next, whatever shape its provider gives it. In a list,
 * what stayed is found by its content, and what changed by its name.
 */
export function diffRequests(before: unknown, after: unknown, path = ""): RequestChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after, path);
  if (isRecord(before) && isRecord(after)) return diffRecords(before, after, path);
  return [{ path, before, after }];
}

function diffRecords(before: Fields, after: Fields, path: string): RequestChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const inner = path === "" ? key : `${path}.${key}`;
    if (!(key in before)) return [{ path: inner, after: after[key] }];
    if (!(key in after)) return [{ path: inner, before: before[key] }];
    return diffRequests(before[key], after[key], inner);
  });
}

function diffLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): RequestChange[] {
  const compared = diffLines(before.map(textOf), after.map(textOf));
  const left = itemsOf(before, compared, "removed");
  const come = itemsOf(after, compared, "added");
  // What went by a name and came by the same was changed.
  const pairs = new Map(
    come.flatMap((item) => {
      const other = left.find(({ name }) => name !== undefined && name === item.name);
      return other === undefined ? [] : [[item, other] as const];
    }),
  );
  const changed = new Set(pairs.values());
  const gone = left.filter((item) => !changed.has(item));
  return [
    ...gone.map(({ value, index, name }) => ({ path: `${path}[${name ?? index}]`, before: value })),
    ...come.flatMap((item) => {
      const inner = `${path}[${item.name ?? item.index}]`;
      const old = pairs.get(item);
      return old === undefined
        ? [{ path: inner, after: item.value }]
        : diffRequests(old.value, item.value, inner);
    }),
  ];
}

interface Item {
  readonly value: unknown;
  readonly index: number;
  readonly name: string | undefined;
}

/** The items of a list that the other does not have. */
function itemsOf(
  list: readonly unknown[],
  compared: readonly LineChange[],
  kind: "removed" | "added",
): Item[] {
  const own = compared.filter((change) => change.kind === "same" || change.kind === kind);
  return list.flatMap((value, index) =>
    own[index]?.kind === kind ? [{ value, index, name: nameOf(value) }] : [],
  );
}

/** What a tool is called, wherever its provider says it; messages have no name. */
function nameOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const inner = isRecord(value["function"]) ? value["function"]["name"] : undefined;
  const name = value["name"] ?? inner;
  return typeof name === "string" && !("role" in value) ? name : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

/** Lines of a text around what changed in it. */
const around = 2;

/** A change as lines: of two texts those that differ, else the JSON of what went and what came. */
export function linesOfChange({ before, after }: RequestChange): LineChange[] {
  if (typeof before === "string" && typeof after === "string") {
    return nearChanges(diffLines(before.split("\n"), after.split("\n")));
  }
  const lines = (value: unknown) =>
    value === undefined ? [] : (JSON.stringify(value, null, 2) ?? "").split("\n");
  return [...diffLines(lines(before), []), ...diffLines([], lines(after))];
}

function nearChanges(lines: readonly LineChange[]): LineChange[] {
  const near = new Set<number>();
  lines.forEach(({ kind }, at) => {
    if (kind === "same") return;
    for (let i = at - around; i <= at + around; i++) near.add(i);
  });
  return lines.flatMap((line, at) => {
    if (near.has(at)) return [line];
    // One line stands for all that are left out.
    return at === 0 || near.has(at - 1) ? [{ kind: "same" as const, text: "…" }] : [];
  });
}
