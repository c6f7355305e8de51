import type { RemoteTool } from "./link.ts";

/** What a component may tell of its tools: more would fill every request of every agent. */
export const mostTools = 200;
/** Bytes of a tool's description, of the schema of its arguments, and of all of them. */
const mostDescription = 16 * 1024;
const mostSchema = 64 * 1024;
const mostInAll = 512 * 1024;
const mostName = 128;
/** Schemas that lie deeper in each other than this are no tool's arguments. */
const deepest = 64;

export interface FittedTools {
  readonly tools: readonly RemoteTool[];
  /** What is not used, and why; empty where all is. */
  readonly leftOut: string;
}

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text).length;

/** The tools that are used of those that a component tells of. */
export function fitTools(told: readonly RemoteTool[]): FittedTools {
  const tools = new Map<string, RemoteTool>();
  const problems: string[] = [];
  let room = mostInAll;
  for (const tool of told) {
    const size = bytesOf(tool.name) + bytesOf(tool.description) + bytesOf(tool.parameters);
    const problem = problemOf(tool, tools, size > room);
    if (problem !== undefined) problems.push(problem);
    else {
      tools.set(tool.name, tool);
      room -= size;
    }
  }
  const [first] = problems;
  const leftOut =
    first === undefined
      ? ""
      : `${problems.length} of its ${told.length} tools are left out: ${first}`;
  return { tools: [...tools.values()], leftOut };
}

function problemOf(
  { name, description, parameters }: RemoteTool,
  before: ReadonlyMap<string, RemoteTool>,
  isFull: boolean,
): string | undefined {
  const short = name.slice(0, mostName);
  if (before.size >= mostTools) return `a component has at most ${mostTools}`;
  if (name === "" || name.length > mostName) {
    return `the name "${short}" has not 1 to ${mostName} characters`;
  }
  if (before.has(name)) return `"${name}" is named twice`;
  if (bytesOf(description) > mostDescription) {
    return `the description of "${name}" has more than ${mostDescription} bytes`;
  }
  if (bytesOf(parameters) > mostSchema) {
    return `the schema of "${name}" has more than ${mostSchema} bytes`;
  }
  if (sorted(JSON.parse(parameters), 0) === undefined) {
    return `the schema of "${name}" is nested deeper than ${deepest}`;
  }
  return isFull ? `all of them have more than ${mostInAll} bytes` : undefined;
}

/** One text for the same tools, in whatever order they and their schemas are told. */
export function manifestText(tools: readonly RemoteTool[]): string {
  const inOrder = tools.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify(
    inOrder.map(({ parameters, ...tool }) => ({
      ...tool,
      parameters: sorted(JSON.parse(parameters), 0),
    })),
  );
}

/** The same JSON with the keys of its objects in order; undefined where it is too deep. */
function sorted(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= deepest) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item, depth + 1));
    return items.includes(undefined) ? undefined : items;
  }
  const entries = Object.entries(value).map(
    ([key, item]) => [key, sorted(item, depth + 1)] as const,
  );
  if (entries.some(([, item]) => item === undefined)) return undefined;
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
