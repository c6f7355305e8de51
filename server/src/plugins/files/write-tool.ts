import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import { invalidField } from "../../base/errors.ts";
import type { Tool } from "../../core/tool/tool.ts";
import { type ChangeDeps, createFileChanger } from "./change-file.ts";
import { textOf } from "./parameters.ts";
import { largestFile } from "./read-file-now.ts";
import { resolveTarget } from "./resolve-target.ts";

/** Makes a file, or replaces all that it holds. */
export function createWriteTool(deps: ChangeDeps): Tool {
  return {
    spec: create(ToolSchema, {
      name: "write",
      description,
      parameters: JSON.stringify(parameters),
    }),
    effect: "idempotent",
    async claim(given, place) {
      const path = await resolveTarget(textOf(given, "path"), place.cwd);
      const bytes = contentOf(given["content"]);
      const count = `${bytes.length} bytes`;
      const changer = createFileChanger(
        path,
        place,
        (now) => {
          return { bytes, said: now ? `replaced, ${count}` : `made, ${count}` };
        },
        deps,
      );
      return { claims: [{ kind: "write", path }], ...changer };
    },
  };
}

const description = `Makes a file with the content given, or replaces all that a file holds. \
Missing folders are made. A file that is there must have been read before, and must not have \
changed since. To change a part of a file use edit.`;

const parameters = {
  type: "object",
  properties: {
    path: {
      type: "string",
      minLength: 1,
      description: "The file: absolute, or relative to the working folder. ~ is not expanded.",
    },
    content: { type: "string", description: "All that the file is to hold." },
  },
  required: ["path", "content"],
  additionalProperties: false,
};

function contentOf(value: unknown): Buffer {
  if (typeof value !== "string") throw invalidField("content", "must be given, as text");
  const bytes = Buffer.from(value, "utf8");
  if (bytes.length <= largestFile) return bytes;
  throw invalidField("content", `must have at most ${largestFile} bytes, got ${bytes.length}`);
}
