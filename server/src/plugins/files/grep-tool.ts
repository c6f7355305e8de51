import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { Tool, ToolAnswer } from "../../core/tool/tool.ts";
import { answer, failure } from "./answer.ts";
import { type GlobPattern, readGlobPattern } from "./glob-pattern.ts";
import { createGrepPage, type GrepPage, maxMatchLength } from "./grep-page.ts";
import { batchesOf, type HeldFile, withHeldFiles } from "./held-files.ts";
import { flagOf, integerOf, optionalTextOf, textOf } from "./parameters.ts";
import { type Pin, pinPath } from "./pin-path.ts";
import { resolveTarget } from "./resolve-target.ts";
import { createRipgrep, inheritedName, type Ripgrep, type RipgrepEnd } from "./ripgrep.ts";
import { shownPath } from "./shown-path.ts";

/** Finds lines by a regular expression. Files of `sealed` are never opened here. */
export function createGrepTool(
  options: { readonly ripgrep?: Ripgrep; readonly sealed?: readonly string[] } = {},
): Tool {
  const { ripgrep = createRipgrep(), sealed = [] } = options;
  return {
    spec: create(ToolSchema, {
      name: "grep",
      description,
      parameters: JSON.stringify(parameters),
      readOnly: true,
    }),
    effect: "read_only",
    async claim(given, place) {
      const search = readSearch(given);
      const path = await resolveTarget(optionalTextOf(given, "path") ?? ".", place.cwd);
      const shown = shownPath(path, place.cwd);
      return {
        claims: [{ kind: "read", path }],
        async run({ signal }) {
          const pinned = await pinPath(path, sealed);
          if ("problem" in pinned) return failure(`${shown}: ${pinned.problem}`);
          await using pin = pinned;
          const isFolder = pin.stats.isDirectory();
          if (!isFolder && !pin.stats.isFile()) return failure(`${shown} is not a file or folder`);
          const hunt = { search, ripgrep, sealed, signal };
          if (!isFolder) {
            const page = createGrepPage(search.limit, () => shown);
            return pageAnswer(page, search, await searchFiles([pin], page, hunt), shown);
          }
          return await searchFolder(pin, { shown, cwd: place.cwd }, hunt);
        },
      };
    },
  };
}

const usualLimit = 200;
const maxLimit = 2000;
const maxContext = 20;

const description = `Finds lines that fit a regular expression (Rust syntax: no look-around, no \
back-references; escape { and ( when they are meant as they are), line by line. Answers one block \
a file, sorted by path: the path, then number:text for a line that fits and number-text for \
context. Stops at ${usualLimit} matching lines unless limit says otherwise, and at 256 KiB, and \
says so: then narrow path or glob. Lines are cut at ${maxMatchLength} characters. Hidden files are \
searched; .git, what .gitignore names, binary files and symbolic links are not. Takes at most 30 \
seconds.`;

const parameters = {
  type: "object",
  properties: {
    pattern: { type: "string", minLength: 1, description: "The regular expression." },
    path: {
      type: "string",
      minLength: 1,
      description: "The folder or file to search; the working folder if not given.",
    },
    glob: {
      type: "string",
      minLength: 1,
      maxLength: 1000,
      description: "Only files that fit, such as *.ts, src/**/*.{c,h} or !*.test.ts.",
    },
    ignore_case: { type: "boolean", description: "True to take A and a as the same." },
    context: {
      type: "integer",
      minimum: 0,
      maximum: maxContext,
      description: "Lines to show before and after each line that fits; 0 if not given.",
    },
    files_only: { type: "boolean", description: "True to be told only the files' paths." },
    limit: {
      type: "integer",
      minimum: 1,
      maximum: maxLimit,
      description: `Matching lines, or files, at most; ${usualLimit} if not given.`,
    },
  },
  required: ["pattern"],
  additionalProperties: false,
};

interface Search {
  readonly pattern: string;
  readonly glob: GlobPattern | undefined;
  readonly ignoreCase: boolean;
  readonly context: number;
  readonly filesOnly: boolean;
  readonly limit: number;
}

function readSearch(given: Record<string, unknown>): Search {
  const glob = optionalTextOf(given, "glob");
  return {
    pattern: textOf(given, "pattern"),
    glob: glob === undefined ? undefined : readGlobPattern("glob", glob),
    ignoreCase: flagOf(given, "ignore_case"),
    context: integerOf(given, "context", { least: 0, most: maxContext, otherwise: 0 }),
    filesOnly: flagOf(given, "files_only"),
    limit: integerOf(given, "limit", { least: 1, most: maxLimit, otherwise: usualLimit }),
  };
}

/** What a search needs beside where it looks. */
interface Hunt {
  readonly search: Search;
  readonly ripgrep: Ripgrep;
  readonly sealed: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Walks a folder for the files that may fit, and then searches those of them that
 * can be held: a link that came into the place of one while ripgrep walked leads
 * to nothing that is shown.
 */
async function searchFolder(
  folder: Pin,
  { shown, cwd }: { readonly shown: string; readonly cwd: string },
  hunt: Hunt,
): Promise<ToolAnswer> {
  const { search, sealed } = hunt;
  const { names, ...listed } = await listFiles(folder, hunt);
  let end: RipgrepEnd = listed;
  let held: readonly HeldFile[] = [];
  const pathOf = (name: string) => join(folder.path, name);
  const page = createGrepPage(search.limit, (found) => {
    const file = held.find((_, i) => inheritedName(i) === found);
    return file && shownPath(pathOf(file.name), cwd);
  });
  for (const batch of batchesOf(names)) {
    if (end.timedOut || page.cutBy() !== undefined) break;
    const next = await withHeldFiles(batch, pathOf, sealed, async (files) => {
      held = files;
      const pins = files.map(({ pin }) => pin);
      return pins.length === 0 ? nothing : await searchFiles(pins, page, hunt);
    });
    end = {
      complaint: end.complaint || next.complaint,
      hasErrors: end.hasErrors || next.hasErrors,
      timedOut: next.timedOut,
    };
  }
  return pageAnswer(page, search, end, shown);
}

const nothing: RipgrepEnd = { complaint: "", hasErrors: false, timedOut: false };

/** The names of files with a match, as many as can be shown and one more. */
async function listFiles(
  folder: Pin,
  { search, ripgrep, signal }: Hunt,
): Promise<RipgrepEnd & { readonly names: readonly string[] }> {
  const names: string[] = [];
  const take = (record: string) => {
    const name = record.replace(/^\.\//, "");
    if (search.glob?.matches(name) !== false) names.push(name);
    return names.length <= search.limit;
  };
  const words = [
    ...[...base, "--sort=path", "--files-with-matches"],
    ...(search.glob?.names ?? []).map((name) => `--type-add=wanted:${name}`),
    ...(search.glob?.names?.length ? ["--type=wanted"] : []),
    ...patternWords(search),
  ];
  const end = await ripgrep.run({ words, pins: [folder], separator: 0, take }, signal);
  return { ...end, names };
}

function searchFiles(
  pins: readonly Pin[],
  page: GrepPage,
  { search, ripgrep, signal }: Hunt,
): Promise<RipgrepEnd> {
  const words = [
    ...[...base, "--threads=1"], // in their order
    ...(search.filesOnly
      ? ["--files-with-matches"]
      : ["--with-filename", "--no-heading", "--line-number", `--context=${search.context}`]),
    ...[`--max-columns=${maxMatchLength}`, "--max-columns-preview"],
    ...patternWords(search),
  ];
  const separator = search.filesOnly ? 0 : 10;
  const take = search.filesOnly ? page.takeFile : page.take;
  return ripgrep.run({ words, pins, separator, take }, signal);
}

const base = ["--null", "--no-messages", "--crlf"];

function patternWords({ ignoreCase, pattern }: Search): string[] {
  return [...(ignoreCase ? ["--ignore-case"] : []), "--", pattern];
}

function pageAnswer(page: GrepPage, search: Search, end: RipgrepEnd, shown: string): ToolAnswer {
  const isEmpty = page.text() === "";
  if (isEmpty && end.complaint !== "") return failure(end.complaint);
  if (isEmpty && end.timedOut) return failure(`nothing found in ${shown} before time was up`);
  const what = search.filesOnly ? "files" : "matching lines";
  const notes = [
    isEmpty ? `Nothing in ${shown} fits.` : "",
    page.cutBy() === "limit" ? `[Stopped at ${search.limit} ${what}; there are more.]` : "",
    page.cutBy() === "size" ? "[Stopped at 256 KiB; there is more. Narrow path or glob.]" : "",
    end.timedOut ? "[Time was up: there may be more. Narrow path or glob.]" : "",
    end.hasErrors ? "[Some files or folders could not be read.]" : "",
  ].filter((note) => note !== "");
  return answer([...(isEmpty ? [] : [page.text()]), ...notes].join("\n"));
}
