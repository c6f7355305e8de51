import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { Tool, ToolAnswer } from "../../core/tool/tool.ts";
import { answer, failure } from "./answer.ts";
import { type GlobPattern, readGlobPattern } from "./glob-pattern.ts";
import { createGrepPage, type GrepPage, maxMatchLength } from "./grep-page.ts";
import { flagOf, integerOf, optionalTextOf, textOf } from "./parameters.ts";
import { pinPath } from "./pin-path.ts";
import { resolveTarget } from "./resolve-target.ts";
import { createRipgrep, type Ripgrep, type RipgrepEnd } from "./ripgrep.ts";
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
        async run(signal) {
          const pinned = await pinPath(path, sealed);
          if ("problem" in pinned) return failure(`${shown}: ${pinned.problem}`);
          await using pin = pinned;
          const isFolder = pin.stats.isDirectory();
          if (!isFolder && !pin.stats.isFile()) return failure(`${shown} is not a file or folder`);
          const page = createGrepPage(search.limit, (found) => {
            const name = found.replace(/^\.\//, "");
            if (!isFolder) return shown;
            if (search.glob?.matches(name) === false) return undefined;
            return shownPath(join(path, name), place.cwd);
          });
          const words = wordsOf(search, isFolder);
          const separator = search.filesOnly ? 0 : 10;
          const take = search.filesOnly ? page.takeFile : page.take;
          const end = await ripgrep.run({ words, pin, separator, take }, signal);
          return pageAnswer(page, search, end, shown);
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

/** The glob narrows the search where ripgrep can obey it and .gitignore at once: by name. */
function wordsOf(search: Search, isFolder: boolean): string[] {
  const names = (isFolder && search.glob?.names) || [];
  return [
    ...["--null", "--sort=path", "--no-messages", "--crlf"],
    ...(search.filesOnly
      ? ["--files-with-matches"]
      : ["--with-filename", "--no-heading", "--line-number", `--context=${search.context}`]),
    ...[`--max-columns=${maxMatchLength}`, "--max-columns-preview"],
    ...(search.ignoreCase ? ["--ignore-case"] : []),
    ...names.map((name) => `--type-add=wanted:${name}`),
    ...(names.length > 0 ? ["--type=wanted"] : []),
    ...["--", search.pattern],
  ];
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
