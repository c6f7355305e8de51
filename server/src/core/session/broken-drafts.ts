import { StepFinishedSchema } from "@daphnia/protocol/event";
import { body, type Facts } from "../agent/facts.ts";
import { brokenMessage, settleMessage } from "../agent/settle-message.ts";
import type { DraftName, StoredPiece } from "../log/event-store.ts";
import type { SessionDeps } from "./session-deps.ts";

/**
 * What becomes of the drafts that a crash left open: interrupted messages, and calls
 * of which nobody knows what they used.
 */
export async function settleBrokenDrafts(
  sessionId: string,
  deps: SessionDeps,
): Promise<readonly Facts[]> {
  const open = await deps.log.store.openDrafts(sessionId);
  return Promise.all(
    open.map(async (draft) => {
      const pieces = await readPieces(draft, deps);
      const settled = await settleMessage(
        brokenMessage({ ...draft, pieces }, deps.mint),
        deps.blobs,
      );
      const { turnId, step } = draft;
      const lost = body("stepFinished", StepFinishedSchema, {});
      return { ...settled, facts: [...settled.facts, { turnId, step, body: lost }] };
    }),
  );
}

async function readPieces({ draftId }: DraftName, { log }: SessionDeps): Promise<StoredPiece[]> {
  const pieces: StoredPiece[] = [];
  let after = 0;
  for (;;) {
    const page = await log.store.readDraft(draftId, 0, after);
    pieces.push(...page.pieces);
    if (page.next === after) return pieces;
    after = page.next;
  }
}
