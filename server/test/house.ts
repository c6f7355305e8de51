import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseAst } from "rolldown/parseAst";
import { plan } from "./house-plan.ts";

/** One import of one file: types, re-exports and dynamic ones included. */
export interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file it names within the house; undefined for a package. */
  readonly to: string | undefined;
}

export interface House {
  /** Paths of files, relative to server/src. */
  readonly files: readonly string[];
  readonly lines: ReadonlyMap<string, number>;
  readonly imports: readonly Import[];
}

const src = resolve(import.meta.dirname, "../src");

/** Reads every import of server/src, tests and suites aside. */
export function readHouse(): House {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.endsWith(".d.ts"))
    .filter((path) => !path.includes("testing/"))
    .sort();
  const texts = new Map(files.map((path) => [path, readFileSync(join(src, path), "utf8")]));
  const imports = [...texts].flatMap(([from, text]) =>
    specifiersOf(text).map((specifier) => ({ from, specifier, to: targetOf(from, specifier) })),
  );
  const lines = new Map([...texts].map(([path, text]) => [path, text.split("\n").length]));
  return { files, lines, imports };
}

/** The room a file lies in; undefined when the plan has none for it. */
export function roomOf(path: string): string | undefined {
  return Object.keys(plan).find((room) => path.startsWith(`${room}/`));
}

function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(src, resolve(src, dirname(from), specifier));
}

/** Walks the syntax tree: a scanner of JavaScript would drop imports of types. */
function specifiersOf(text: string): string[] {
  const found: string[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    found.push(...namedBy(node));
    for (const child of Object.values(node)) walk(child);
  };
  walk(parseAst(text, { lang: "ts" }));
  return found;
}

/** What one node of the tree imports, where it is an import or an export. */
function namedBy(node: object): string[] {
  const { type, source, argument } = node as Record<string, unknown>; // any node of the tree
  if (typeof type !== "string" || !/^(Import|Export|TSImport)/.test(type)) return [];
  const named = type === "TSImportType" ? argument : source;
  if (typeof named !== "object" || named === null) return [];
  const { value, literal } = named as { value?: unknown; literal?: { value?: unknown } }; // a literal of the tree
  const text = value ?? literal?.value;
  return typeof text === "string" ? [text] : [];
}
