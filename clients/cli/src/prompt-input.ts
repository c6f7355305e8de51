import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { Daphnia } from "@daphnia/client";
import { uploadBlob } from "@daphnia/client/blobs";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { Complaint } from "./complaint.ts";
import { exitCodes } from "./exit-codes.ts";
import { mediaTypeOf } from "./media-type.ts";
import { hasInput, readInput } from "./standard-input.ts";

export interface PromptInput {
  readonly words: readonly string[];
  readonly file: readonly string[];
  readonly attach: readonly string[];
}

/** The text of a prompt: the words, then the files', then what was piped in. */
export async function readPromptText(
  { words, file, attach }: PromptInput,
  say: (line: string) => void,
): Promise<string> {
  const wantsInput = words.includes("-");
  const said = words.filter((word) => word !== "-").join(" ");
  const files = await Promise.all(file.map(readTextFile));
  const piped = wantsInput || hasInput() ? await readInput(say) : "";
  const texts = [said, ...files, piped].filter((text) => text.trim() !== "");
  if (texts.length === 0 && attach.length === 0) {
    throw new Complaint(
      exitCodes.usage,
      "there is nothing to say",
      'write it behind the command, such as "What is in this folder?", or pipe it in',
    );
  }
  return texts.join("\n\n");
}

/** The prompt's parts: its text, and each attached file as a blob. */
export async function promptParts(
  text: string,
  attach: readonly string[],
  { blobs }: Daphnia,
): Promise<Part[]> {
  const parts = text === "" ? [] : [create(PartSchema, { kind: { case: "text", value: text } })];
  for (const path of attach) {
    await requireFile(path);
    const about = { mediaType: mediaTypeOf(path), name: basename(path) };
    const value = await uploadBlob(blobs, createReadStream(path), about);
    parts.push(create(PartSchema, { kind: { case: "blob", value } }));
  }
  return parts;
}

/** Complains where an attachment cannot be read, before anything else is done. */
export async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw new Complaint(exitCodes.usage, `${path} is not a file`);
}

async function readTextFile(path: string): Promise<string> {
  await requireFile(path);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Complaint(
      exitCodes.usage,
      `${path} is no UTF-8 text`,
      `attach it instead: --attach ${path}`,
    );
  }
}

function unreadable(path: string, error: unknown): Complaint {
  const why = error instanceof Error ? error.message.replace(/,.*$/, "") : String(error);
  return new Complaint(exitCodes.usage, `${path} cannot be read: ${why}`, "", { cause: error });
}
