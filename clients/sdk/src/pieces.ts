import { type Delta, type MessageCompleted, PartKind } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";

/** More of one part of a message. */
export interface Piece {
  readonly draftId: string;
  readonly part: number;
  readonly kind: "text" | "thinking" | "arguments";
  /** The tool, for its arguments. */
  readonly tool: string;
  readonly text: string;
}

/**
 * What messages say, each character once: some of it comes as deltas, the rest
 * with the settled message. Feed it what a `watch()` tells, in order.
 */
export interface Pieces {
  ofDelta(delta: Delta): Piece | undefined;
  /** What of a message no delta told. */
  ofMessage(completed: MessageCompleted): Promise<readonly Piece[]>;
}

interface Told {
  readonly kind: Piece["kind"];
  readonly tool: string;
  readonly length: number;
}

/** `readText` fetches the text of a blob: the whole of a part that an event holds only the ends of. */
export function createPieces(readText: (digest: string) => Promise<string>): Pieces {
  const drafts = new Map<string, Map<number, Told>>();
  return {
    ofDelta({ draftId, part, piece }) {
      const parts = drafts.get(draftId) ?? new Map<number, Told>();
      drafts.set(draftId, parts);
      const told = parts.get(part) ?? { kind: "text", tool: "", length: 0 };
      if (piece.case === "start") {
        const { kind, tool } = piece.value;
        parts.set(part, { kind: kinds[kind], tool, length: told.length });
      }
      if (piece.case !== "text") return undefined;
      parts.set(part, { ...told, length: told.length + piece.value.length });
      return { draftId, part, kind: told.kind, tool: told.tool, text: piece.value };
    },
    async ofMessage({ draftId, message }) {
      const parts = drafts.get(draftId);
      drafts.delete(draftId);
      const rest: Piece[] = [];
      for (const [part, value] of (message?.parts ?? []).entries()) {
        const whole = await saidBy(value, readText);
        if (whole === undefined) continue;
        const text = whole.text.slice(parts?.get(part)?.length ?? 0);
        if (text !== "") rest.push({ ...whole, draftId, part, text });
      }
      return rest;
    },
  };
}

const kinds: Readonly<Record<PartKind, Piece["kind"]>> = {
  [PartKind.UNSPECIFIED]: "text",
  [PartKind.TEXT]: "text",
  [PartKind.THINKING]: "thinking",
  [PartKind.TOOL_ARGUMENTS]: "arguments",
};

async function saidBy({ kind, full }: Part, readText: (digest: string) => Promise<string>) {
  switch (kind.case) {
    case "text":
    case "thinking": {
      const text = full ? await readText(full.digest) : kind.value;
      return { kind: kind.case, tool: "", text };
    }
    case "toolCall": {
      const { tool, arguments: text } = kind.value;
      return { kind: "arguments", tool, text: full ? await readText(full.digest) : text } as const;
    }
    default:
      return undefined; // results, blobs, sources and opaque parts are not said
  }
}
