import type { Blob } from "@daphnia/protocol/blob";
import type { UserContent } from "./language-model.ts";

/**
 * A blob as the model can have it: bytes where the format carries them, the
 * content of text files, else a line that says what is there but cannot be read.
 */
export async function toAttachment(
  blob: Blob,
  accepted: RegExp,
  read: (digest: string) => Promise<Uint8Array>,
): Promise<UserContent> {
  const { mediaType, name } = blob;
  if (accepted.test(mediaType)) {
    const file = {
      type: "file",
      mediaType,
      data: { type: "data", data: await read(blob.digest) },
    } as const;
    return name === "" ? file : { ...file, filename: name };
  }
  const label = name === "" ? "file" : `file ${name}`;
  if (!textual.test(mediaType)) {
    const sort = mediaType === "" ? "of unknown type" : mediaType;
    return { type: "text", text: `[${label}, ${sort}, ${blob.size} bytes: not readable for you]` };
  }
  const text = new TextDecoder().decode(await read(blob.digest));
  return { type: "text", text: `[${label}, ${mediaType}]\n${text}` };
}

const textual =
  /^(text\/.+|application\/(json|xml|yaml|toml|javascript|typescript|x-sh|sql)|.+\+(json|xml|yaml))(;|$)/;
