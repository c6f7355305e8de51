import { toJson } from "@bufbuild/protobuf";
import { readTextBlob } from "@daphnia/client/blobs";
import { GetTranscriptResponseSchema } from "@daphnia/protocol/session_service";
import { safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { newestSession } from "../find-place.ts";
import { createScreen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";
import { transcriptMarkdown } from "../transcript-markdown.ts";

export interface TranscriptOptions extends Globals {
  readonly at?: number;
}

/** Prints what was said in a session, as Markdown. */
export async function transcript(
  id: string | undefined,
  options: TranscriptOptions,
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const sessionId = id ?? (await newestSession(target));
  const { sessions, blobs } = target.client;
  const told = await sessions.getTranscript({ sessionId, atSeq: BigInt(options.at ?? 0) });
  if (options.json) {
    screen.print(safeJson(toJson(GetTranscriptResponseSchema, told), 2));
    return exitCodes.ok;
  }
  const { session } = await sessions.getSession({ sessionId });
  const readText = (digest: string) => readTextBlob(blobs, digest);
  const title = session?.title || sessionId;
  for await (const block of transcriptMarkdown(title, told.entries, readText)) {
    screen.print(block);
  }
  return exitCodes.ok;
}
