import { create } from "@bufbuild/protobuf";
import { BlobSchema } from "@daphnia/protocol/blob";
import { type FileChange, FileChangeSchema } from "@daphnia/protocol/event";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { messageOf } from "../../base/errors.ts";
import type { BlobStore, PreparedBlob } from "../log/blob-store.ts";
import type { Attachment, Change, ToolAnswer } from "../tool/tool.ts";
import type { Admitted } from "./admit.ts";
import { blobOf, type CallEnd, finished, text } from "./call-facts.ts";
import type { CallVoice } from "./call-voice.ts";
import { fit } from "./elide.ts";
import { type Facts, facts } from "./facts.ts";
import { longestRead, shorten, whereToRead } from "./shorten.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** How long a tool may take to notice that it was canceled, in milliseconds. */
const cancelGrace = 2000;

/** Runs a call whose start is on record. Whatever goes wrong becomes an answer for the model. */
export async function runCall(
  admitted: Admitted,
  voice: Pick<CallVoice, "progress" | "ask" | "sample">,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<Facts> {
  const { open, claimed, resolved } = admitted;
  const { callId, tool } = open.call;
  const began = deps.clock.monotonic();
  let output: ReturnType<TurnDeps["openOutput"]> | undefined;
  const context = {
    ...{ signal, callId },
    answers: resolved?.answers ?? [],
    ...{ progress: voice.progress, ask: voice.ask, sample: voice.sample },
    async print(bytes: Uint8Array) {
      output ??= deps.openOutput({ callId, tool, step: open.step });
      await output.print(bytes);
      return bytes;
    },
    endPrint: async () => new Uint8Array(),
  };
  const answer = await withGrace(
    act(() => claimed.run(context), signal),
    late,
    deps,
    signal,
  );
  const end = await keep(answer, deps.blobs);
  const printed = await output?.close();
  const milliseconds = deps.clock.monotonic() - began;
  const { blob, cadence } = printed ?? {};
  const isCut = blob !== undefined && blob.size > longestRead;
  const whole = blob ?? end.whole;
  const told: CallEnd = {
    ...end.told,
    parts: isCut ? [...end.told.parts, text(`[${whereToRead(blob)}]`)] : end.told.parts,
    milliseconds,
    ...(whole && { output: blobOf(whole) }),
    ...(cadence && { cadence }),
  };
  return facts([finished(open, told, deps)], {
    blobs: [...end.blobs, ...(blob ? [blob] : [])],
    settles: output === undefined ? [] : [callId],
  });
}

/** What comes of some work, or `late` where it does not notice in time that it was canceled. */
export async function withGrace<T>(
  work: Promise<T>,
  tooLate: T,
  { clock }: Pick<TurnDeps, "clock">,
  signal: AbortSignal,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  let forget = () => {};
  const count = () => {
    forget = clock.after(cancelGrace, () => resolve(tooLate));
  };
  if (signal.aborted) count();
  else signal.addEventListener("abort", count, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", count);
    forget();
  }
}

type Answer = Pick<ToolAnswer, "parts" | "changes" | "attachments"> & {
  readonly status: ToolCallStatus;
};

const late: Answer = {
  status: ToolCallStatus.CANCELED,
  parts: [text("the turn was canceled; the tool did not stop in time")],
};

async function act(run: () => Promise<ToolAnswer>, signal: AbortSignal): Promise<Answer> {
  try {
    const answer = await run();
    return { ...answer, status: statusOf(answer) };
  } catch (error) {
    return {
      status: signal.aborted ? ToolCallStatus.CANCELED : ToolCallStatus.TOOL_ERROR,
      parts: [text(signal.aborted ? "the turn was canceled while this ran" : messageOf(error))],
    };
  }
}

function statusOf({ isDown, isTimeout, isError }: ToolAnswer): ToolCallStatus {
  if (isDown) return ToolCallStatus.COMPONENT_DOWN;
  if (isTimeout) return ToolCallStatus.TIMEOUT;
  return isError ? ToolCallStatus.TOOL_ERROR : ToolCallStatus.OK;
}

/** Makes an answer fit into its event; what is too long for that goes into blobs. */
async function keep({ status, parts, changes = [], attachments = [] }: Answer, store: BlobStore) {
  const attached: { part: Part; blob: PreparedBlob }[] = [];
  for (const one of attachments) attached.push(await attach(one, store));
  const short = await shorten([...parts, ...attached.map(({ part }) => part)], store);
  const fitting = await fit(short.parts, store);
  const kept: { change: FileChange; blob: PreparedBlob | undefined }[] = [];
  for (const change of changes) kept.push(await keepChange(change, store));
  const why = `the tool answered with ${parts.length} parts, more than one event can hold`;
  const told =
    fitting === undefined
      ? { status: ToolCallStatus.TOOL_ERROR, parts: [text(why)] }
      : { status, parts: fitting.parts };
  return {
    told: { ...told, changes: kept.map(({ change }) => change) },
    /** The whole of its first text, where that was cut. */
    whole: short.blobs[0],
    blobs: [
      ...attached.map(({ blob }) => blob),
      ...short.blobs,
      ...(fitting?.blobs ?? []),
      ...kept.flatMap(({ blob }) => blob ?? []),
    ],
  };
}

async function attach({ bytes, mediaType, name }: Attachment, store: BlobStore) {
  const blob = await store.prepare(bytes);
  const value = create(BlobSchema, { ...blobOf(blob), mediaType, name });
  return { part: create(PartSchema, { kind: { case: "blob", value } }), blob };
}

async function keepChange({ before, notKept = "", ...change }: Change, store: BlobStore) {
  const blob = before && (await store.prepare(before));
  const held = blob && { before: blobOf(blob) };
  return { change: create(FileChangeSchema, { ...change, notKept, ...held }), blob };
}
