import { create } from "@bufbuild/protobuf";
import {
  type FileChange,
  type RevertedFile,
  RevertedFileSchema,
  TurnRevertedSchema,
} from "@daphnia/protocol/event";
import { notFound, wrongState } from "../../base/errors.ts";
import { body } from "../agent/facts.ts";
import type { SessionWriter } from "../log/session-writer.ts";
import type { Command } from "./command.ts";
import type { SessionDeps } from "./session-deps.ts";
import { readEvents } from "./session-events.ts";

/** A file that a turn changed, once or more often. */
interface Changed {
  /** The first change says what it held before the turn, */
  readonly first: FileChange;
  /** the last one what the turn left it with. */
  readonly last: FileChange;
}

/** Puts back what a turn's calls changed, and says on record what became of each file. */
export async function revertTurn(
  turnId: string,
  { by, keep }: Command<readonly RevertedFile[]>,
  { writer, deps }: { readonly writer: SessionWriter; readonly deps: SessionDeps },
): Promise<readonly RevertedFile[]> {
  const { sessionId } = writer;
  if (writer.head()?.turnId === turnId) {
    throw wrongState(`turn "${turnId}" is not over; cancel it first`);
  }
  const changed = await readChanges(turnId, sessionId, deps);
  const files: RevertedFile[] = [];
  for (const one of changed) {
    const problem = await putBack(one, writer, deps);
    files.push(create(RevertedFileSchema, { path: one.first.path, problem: problem ?? "" }));
  }
  const reverted = body("turnReverted", TurnRevertedSchema, { turnId, files });
  await writer.commit([{ principal: by, body: reverted }], keep && { answer: () => keep(files) });
  return files;
}

async function readChanges(
  turnId: string,
  sessionId: string,
  { log }: SessionDeps,
): Promise<readonly Changed[]> {
  const byPath = new Map<string, Changed>();
  let isKnown = false;
  for await (const event of readEvents(log.store, sessionId)) {
    if (event.turnId !== turnId) continue;
    isKnown = true;
    if (event.body.case !== "toolCallFinished") continue;
    for (const last of event.body.value.changes) {
      byPath.set(last.path, { first: byPath.get(last.path)?.first ?? last, last });
    }
  }
  if (!isKnown) throw notFound("turn", turnId);
  return [...byPath.values()];
}

/** Resolves with why a file was left as it is; undefined when it was put back. */
async function putBack(
  { first, last }: Changed,
  writer: SessionWriter,
  { blobs, files, closed }: SessionDeps,
): Promise<string | undefined> {
  const { path, mode, notKept } = first;
  if (notKept !== "") return `what it held was not kept: ${notKept}`;
  const kept = first.before && (await blobs.read(first.before.digest, 0, Number.MAX_SAFE_INTEGER));
  if (first.before !== undefined && kept === undefined)
    return "what it held is gone from the store";
  const roots = writer.head()?.roots ?? [];
  return files.restore({ path, before: kept?.bytes, after: last.after, mode }, { roots, closed });
}
