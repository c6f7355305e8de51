import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import { invalidField } from "../../base/errors.ts";
import type { Tool } from "../../core/tool/tool.ts";
import { type ChangeDeps, createFileChanger, type Revision } from "./change-file.ts";
import { flagOf, textOf } from "./parameters.ts";
import { type FileNow, largestFile } from "./read-file-now.ts";
import { namedLines, type Replacement, replaceText } from "./replace-text.ts";
import { resolveTarget } from "./resolve-target.ts";
import { isText } from "./text-diff.ts";

/** Replaces a text in a file by another. */
export function createEditTool(deps: ChangeDeps): Tool {
  return {
    spec: create(ToolSchema, {
      name: "edit",
      description,
      parameters: JSON.stringify(parameters),
    }),
    effect: "unsafe",
    async claim(given, place) {
      const path = await resolveTarget(textOf(given, "path"), place.cwd);
      const replacement = {
        from: stringOf(given, "old_string"),
        to: stringOf(given, "new_string"),
        isAll: flagOf(given, "replace_all"),
      };
      if (replacement.from === "") throw invalidField("old_string", "must not be empty");
      if (replacement.from === replacement.to) {
        throw invalidField("new_string", "must be another text than old_string");
      }
      const revise = (now: FileNow) => reviseText(now, replacement);
      const changer = createFileChanger(path, place, revise, deps);
      return {
        claims: [
          { kind: "read", path },
          { kind: "write", path },
        ],
        ...changer,
      };
    },
  };
}

const description = `Replaces a text in a file by another. old_string must be just as it is in \
the file, spaces and line breaks too, without the line numbers that read shows; and it must be \
there once, unless replace_all is set. The file must have been read before, and must not have \
changed since.`;

const parameters = {
  type: "object",
  properties: {
    path: {
      type: "string",
      minLength: 1,
      description: "The file: absolute, or relative to the working folder. ~ is not expanded.",
    },
    old_string: { type: "string", minLength: 1, description: "The text to replace." },
    new_string: { type: "string", description: "The text to put in its place." },
    replace_all: { type: "boolean", description: "Replaces it wherever it is." },
  },
  required: ["path", "old_string", "new_string"],
  additionalProperties: false,
};

function stringOf(given: Readonly<Record<string, unknown>>, name: string): string {
  const value = given[name];
  if (typeof value !== "string") throw invalidField(name, "must be given, as text");
  return value;
}

function reviseText(now: FileNow, replacement: Replacement): Revision {
  if (now === undefined) return { problem: "it does not exist; make it with write" };
  if (!isText(now.bytes)) return { problem: "it is not text (UTF-8)" };
  const done = replaceText(now.bytes.toString("utf8"), replacement, largestFile);
  if ("problem" in done) return done;
  const bytes = Buffer.from(done.text, "utf8");
  if (bytes.length > largestFile) {
    return { problem: `it would have ${bytes.length} bytes; the most is ${largestFile}` };
  }
  const { count, lines } = done;
  const times = count === 1 ? "1 replacement" : `${count} replacements`;
  return { bytes, said: `${times} at ${namedLines(lines, count)}` };
}
