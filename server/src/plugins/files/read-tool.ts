import { basename } from "node:path";
import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import { imageOf, largestImage, whyNotShown } from "../../core/tool/image.ts";
import type { Tool, ToolAnswer } from "../../core/tool/tool.ts";
import { answer, failure } from "./answer.ts";
import { createDigestSource } from "./digest-source.ts";
import type { FileMemory } from "./file-memory.ts";
import { fileTypeOf } from "./file-type.ts";
import { nearFiles } from "./near-files.ts";
import { integerOf, textOf } from "./parameters.ts";
import { causeOf, type Pin, pinPath } from "./pin-path.ts";
import { largestFile } from "./read-file-now.ts";
import { resolveTarget } from "./resolve-target.ts";
import { shownPath } from "./shown-path.ts";
import { type ByteSource, readTextPage, type TextPage } from "./text-page.ts";

/** Reads part of a blob; undefined where there is none of that digest. */
export type ReadBlob = (
  digest: string,
  offset: number,
  limit: number,
) => Promise<{ readonly bytes: Uint8Array } | undefined>;

/**
 * Reads a page of a text file, or of what was left out of a long result. Files of
 * `sealed` are never opened.
 */
export function createReadTool(
  options: {
    readonly sealed?: readonly string[];
    readonly readBlob?: ReadBlob;
    /** Is told what was read. */
    readonly memory?: FileMemory;
  } = {},
): Tool {
  const { sealed = [], readBlob = async () => undefined, memory } = options;
  return {
    spec: create(ToolSchema, {
      name: "read",
      description,
      parameters: JSON.stringify(parameters),
      readOnly: true,
    }),
    effect: "read_only",
    async claim(given, place) {
      const named = textOf(given, "path");
      const offset = integerOf(given, "offset", { least: 1, most: 2 ** 31, otherwise: 1 });
      const limit = integerOf(given, "limit", { least: 1, most: maxLines, otherwise: usualLines });
      const digest = /^blob:([0-9a-f]{64})$/.exec(named)?.[1];
      if (digest !== undefined) {
        const page = { shown: named, offset, limit };
        return {
          claims: [{ kind: "nothing" }],
          run: ({ signal }) => readKept(digest, page, readBlob, signal),
        };
      }
      const path = await resolveTarget(named, place.cwd);
      return {
        claims: [{ kind: "read", path }],
        async run({ signal }) {
          const shown = shownPath(path, place.cwd);
          const pinned = await pinPath(path, sealed);
          if ("problem" in pinned) {
            const near = pinned.isMissing ? await nearFiles(path, place.roots) : [];
            return failure(`${shown}: ${pinned.problem}${hintOf(near)}`);
          }
          await using pin = pinned;
          const saw = memory && ((digest: string) => memory.saw(place.sessionId, path, digest));
          return await readPin(pin, { shown, offset, limit }, saw, signal);
        },
      };
    },
  };
}

const usualLines = 2000;
const maxLines = 5000;

/** As many first bytes decide whether a file is text. */
const headBytes = 8192;

const description = `Reads a text file. Each line comes as its number, a tab, and its text; the \
number and the tab are not part of the file. Reads ${usualLines} lines from the start unless \
offset and limit say otherwise, and at most ${maxLines} lines or 46 KiB at once; when there is \
more, the last line says how to read on. Lines are cut at 2000 characters, with a mark. PNG, JPEG, \
GIF and WebP images are shown; other binary files are answered with their type and size. For folders use glob; to find text use grep.`;

const parameters = {
  type: "object",
  properties: {
    path: {
      type: "string",
      minLength: 1,
      description:
        "The file: absolute, or relative to the working folder. ~ is not expanded. Or blob: and a digest, as a long result names it.",
    },
    offset: { type: "integer", minimum: 1, description: "The first line to read; 1 is the first." },
    limit: {
      type: "integer",
      minimum: 1,
      maximum: maxLines,
      description: `How many lines to read; ${usualLines} if not given.`,
    },
  },
  required: ["path"],
  additionalProperties: false,
};

function hintOf(near: readonly string[]): string {
  if (near.length === 0) return "";
  return `. In the same folder: ${near.map((name) => JSON.stringify(name)).join(", ")}`;
}

/** What is read at once, and how the file is called. */
interface Wanted {
  readonly shown: string;
  readonly offset: number;
  readonly limit: number;
}

async function readPin(
  pin: Pin,
  wanted: Wanted,
  saw: ((digest: string) => void) | undefined,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const { shown } = wanted;
  if (pin.stats.isDirectory()) return failure(`${shown} is a folder; use glob to list its files`);
  if (!pin.stats.isFile()) return failure(`${shown} is a device, pipe or socket, not a file`);
  try {
    await using file = await pin.openFile();
    const source = createDigestSource(file);
    const told = await tellFile(file, source, pin, wanted, signal);
    // Of larger files nothing has to be known: no tool changes them.
    const digest = saw && (await source.digest(largestFile, signal));
    if (digest !== undefined) saw?.(digest);
    return told;
  } catch (error) {
    signal.throwIfAborted();
    return failure(`${shown}: ${causeOf(error)}`);
  }
}

async function tellFile(
  file: ByteSource,
  source: ByteSource,
  pin: Pin,
  { shown, offset, limit }: Wanted,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const head = Buffer.alloc(headBytes);
  const { bytesRead } = await file.read(head, 0, headBytes, 0);
  if (bytesRead === 0) return answer(`${shown} is empty`);
  const start = head.subarray(0, bytesRead);
  if (start.includes(0)) {
    const told = `${shown} is not text: ${fileTypeOf(start)}, ${pin.stats.size} bytes`;
    return (await showImage(file, pin, told)) ?? answer(told);
  }
  return pageAnswer(await readTextPage(source, offset, limit, signal), shown, offset);
}

/** An image comes along with what is told of it; undefined where it is none, or too large to be shown. */
async function showImage(
  file: ByteSource,
  pin: Pin,
  told: string,
): Promise<ToolAnswer | undefined> {
  if (pin.stats.size > BigInt(largestImage)) return undefined;
  const size = Number(pin.stats.size);
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) return undefined; // it was cut off while it was read
    length += bytesRead;
  }
  const image = imageOf(bytes);
  if (image === undefined) return undefined;
  const why = whyNotShown(image);
  if (why !== "") return answer(`${told}; ${why}`);
  const { mediaType, width, height } = image;
  const said = answer(`${told}; the image follows: ${width} × ${height} pixels`);
  return { ...said, attachments: [{ bytes, mediaType, name: basename(pin.path) }] };
}

async function readKept(
  digest: string,
  { shown, offset, limit }: Wanted,
  readBlob: ReadBlob,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  if ((await readBlob(digest, 0, 1)) === undefined) return failure(`${shown} does not exist`);
  const source: ByteSource = {
    async read(buffer, at, length, position) {
      const { bytes } = (await readBlob(digest, position, length)) ?? { bytes: new Uint8Array() };
      buffer.set(bytes, at);
      return { bytesRead: bytes.length };
    },
  };
  return pageAnswer(await readTextPage(source, offset, limit, signal), shown, offset);
}

function pageAnswer(page: TextPage, shown: string, offset: number): ToolAnswer {
  if (page.lines.length === 0) {
    return failure(`${shown} has ${page.seen} lines; offset ${offset} is behind the last`);
  }
  const notes = [
    page.hasMore ? `[There is more. Read on with offset ${page.seen + 1}.]` : "",
    page.hasCrlf ? "[Lines end in CRLF.]" : "",
    page.isUtf8 ? "" : "[Some bytes are not UTF-8; \uFFFD stands for them.]",
  ].filter((note) => note !== "");
  return answer([...page.lines, ...notes].join("\n"));
}
