import type { Delta, Event } from "@daphnia/protocol/event";

/**
 * What is being written now, as few deltas as will say it: whoever comes late is told these
 * first. A draft goes with the event that settles it.
 */
export interface Drafts {
  settle(event: Event): void;
  add(delta: Delta): void;
  /** The deltas of the open drafts of one session, in the order in which they came. */
  of(sessionId: string): readonly Delta[];
}

interface Draft {
  readonly sessionId: string;
  readonly turnId: string;
  readonly deltas: Delta[];
  /** Bytes of what its call printed. */
  printed: number;
}

/** Bytes of a call's output that are kept. */
const longestOutput = 256 * 1024;
const encoder = new TextEncoder();

export function createDrafts(): Drafts {
  const drafts = new Map<string, Draft>();

  function dropTurn(turnId: string): void {
    for (const [id, draft] of drafts) if (draft.turnId === turnId) drafts.delete(id);
  }

  return {
    settle({ body, turnId }) {
      switch (body.case) {
        case "messageCompleted":
          drafts.delete(body.value.draftId);
          break;
        case "toolCallFinished":
          drafts.delete(body.value.callId);
          break;
        case "turnFinished":
          dropTurn(turnId);
          break;
      }
    },
    add(delta) {
      const { draftId, sessionId, turnId } = delta;
      const draft = drafts.get(draftId) ?? { sessionId, turnId, deltas: [], printed: 0 };
      drafts.set(draftId, draft);
      if (delta.piece.case === "data") draft.printed += delta.piece.value.length;
      while (draft.printed > longestOutput) draft.printed -= lengthOf(draft.deltas.shift());
      const joined = joinedWith(draft.deltas.at(-1), delta);
      if (joined === undefined) draft.deltas.push(delta);
      else draft.deltas[draft.deltas.length - 1] = joined;
    },
    of: (sessionId) =>
      [...drafts.values()].flatMap((draft) => (draft.sessionId === sessionId ? draft.deltas : [])),
  };
}

function lengthOf(delta: Delta | undefined): number {
  return delta?.piece.case === "data" ? delta.piece.value.length : 0;
}

/** Two pieces of text that follow each other as one; undefined where they do not. */
function joinedWith(last: Delta | undefined, next: Delta): Delta | undefined {
  if (last?.piece.case !== "text" || next.piece.case !== "text") return undefined;
  if (last.draftId !== next.draftId || last.part !== next.part) return undefined;
  const end = last.offset + BigInt(encoder.encode(last.piece.value).length);
  if (end !== next.offset) return undefined;
  return { ...last, piece: { case: "text", value: last.piece.value + next.piece.value } };
}
