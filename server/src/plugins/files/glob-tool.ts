import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { Tool, ToolAnswer } from "../../core/tool/tool.ts";
import { answer, failure } from "./answer.ts";
import { readGlobPattern } from "./glob-pattern.ts";
import { batchesOf, withHeldFiles } from "./held-files.ts";
import { optionalTextOf, textOf } from "./parameters.ts";
import { pinPath } from "./pin-path.ts";
import { resolveTarget } from "./resolve-target.ts";
import { createRipgrep, type Ripgrep, type RipgrepEnd } from "./ripgrep.ts";
import { shownPath } from "./shown-path.ts";

/** Finds files by a pattern, the newest first. */
export function createGlobTool(options: { readonly ripgrep?: Ripgrep } = {}): Tool {
  const { ripgrep = createRipgrep() } = options;
  return {
    spec: create(ToolSchema, {
      name: "glob",
      description,
      parameters: JSON.stringify(parameters),
      readOnly: true,
    }),
    effect: "read_only",
    async claim(given, place) {
      const pattern = readGlobPattern("pattern", textOf(given, "pattern"));
      const path = await resolveTarget(optionalTextOf(given, "path") ?? ".", place.cwd);
      const shown = shownPath(path, place.cwd);
      return {
        claims: [{ kind: "read", path }],
        async run({ signal }) {
          const pinned = await pinPath(path);
          if ("problem" in pinned) return failure(`${shown}: ${pinned.problem}`);
          await using pin = pinned;
          if (!pin.stats.isDirectory()) return failure(`${shown} is not a folder; use read`);
          const found: string[] = [];
          let count = 0;
          const take = (record: string) => {
            const name = record.replace(/^\.\//, "");
            if (!pattern.matches(name)) return true;
            if (++count <= maxFiles) found.push(name);
            return true;
          };
          const end = await ripgrep.run({ words, pins: [pin], separator: 0, take }, signal);
          const real = await realFiles(found, path);
          const files = real.map((name) => shownPath(join(path, name), place.cwd));
          return filesAnswer(files, count - found.length, end, shown);
        },
      };
    },
  };
}

const maxFiles = 500;

const words = ["--files", "--null", "--sortr=modified", "--no-messages", "--"];

const description = `Finds files by a pattern, such as **/*.ts or src/**/test_*.{py,pyi}; the most \
recently changed come first. A pattern without / fits names in any folder. Shows at most \
${maxFiles} files and says how many more there are: then narrow the pattern or the path. Hidden \
files are found; .git, what .gitignore names and symbolic links are not. Paths are relative to the \
working folder when they are inside it. To search in files use grep.`;

const parameters = {
  type: "object",
  properties: {
    pattern: {
      type: "string",
      minLength: 1,
      maxLength: 1000,
      description:
        "Relative to path. * and ? fit within a name, ** fits folders, also [a-z], [!a], {a,b}.",
    },
    path: {
      type: "string",
      minLength: 1,
      description: "The folder to look in; the working folder if not given. ~ is not expanded.",
    },
  },
  required: ["pattern"],
  additionalProperties: false,
};

/** Those that were not found through a link which came meanwhile. */
async function realFiles(names: readonly string[], folder: string): Promise<readonly string[]> {
  const real: string[] = [];
  for (const batch of batchesOf(names)) {
    const found = await withHeldFiles(
      batch,
      (name) => join(folder, name),
      [],
      async (files) => files.map(({ name }) => name),
    );
    real.push(...found);
  }
  return real;
}

function filesAnswer(
  found: readonly string[],
  more: number,
  end: RipgrepEnd,
  shown: string,
): ToolAnswer {
  const isEmpty = found.length === 0;
  if (isEmpty && end.complaint !== "") return failure(end.complaint);
  if (isEmpty && end.timedOut) return failure(`nothing found in ${shown} before time was up`);
  const notes = [
    isEmpty ? `No file in ${shown} fits; what .gitignore names was left out.` : "",
    more > 0 ? `[${more} more files fit and are left out.]` : "",
    end.timedOut ? "[Time was up: there may be more. Narrow the path.]" : "",
    end.hasErrors ? "[Some folders could not be read.]" : "",
  ].filter((note) => note !== "");
  return answer([...found, ...notes].join("\n"));
}
