import {
  type Delta,
  type MessageCompleted,
  PartKind,
  type PartStart,
} from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";

/** More of one part of a message. */
export interface SaidPiece {
  readonly draftId: string;
  readonly part: number;
  readonly kind: "text" | "thinking" | "arguments";
  /** The tool, for its arguments. */
  readonly tool: string;
  readonly text: string;
}

/** More of what a call prints; its draft is named for the call. */
export interface PrintedPiece {
  readonly draftId: string;
  readonly part: number;
  readonly kind: "output";
  readonly tool: string;
  /** As it was printed. */
  readonly data: Uint8Array;
  /** The same as UTF-8. A character that is cut comes with the piece that ends it. */
  readonly text: string;
  /** Bytes before it that were not told: who comes late is told the end of a long output. */
  readonly missed: number;
}

export type Piece = SaidPiece | PrintedPiece;

/**
 * What messages say, each character once, some of it as deltas and the rest with the
 * settled message; and what calls print. Feed it what a `watch()` tells, in order.
 */
export interface Pieces {
  ofDelta(delta: Delta): Piece | undefined;
  /** What of a message no delta told. */
  ofMessage(completed: MessageCompleted): Promise<readonly SaidPiece[]>;
  /** Forgets a draft that is settled: a message's, or that of a call's output. */
  forget(draftId: string): void;
}

interface Said {
  readonly kind: SaidPiece["kind"];
  readonly tool: string;
  readonly length: number;
}

interface Printed {
  readonly tool: string;
  readonly bytes: number;
  readonly decoder: TextDecoder;
}

/** `readText` fetches the text of a blob: the whole of a part that an event holds only the ends of. */
export function createPieces(readText: (digest: string) => Promise<string>): Pieces {
  const drafts = new Map<string, Map<number, Said>>();
  const outputs = new Map<string, Printed>();

  function begin(draftId: string, part: number, { kind, tool }: PartStart): void {
    if (kind === PartKind.OUTPUT) {
      if (!outputs.has(draftId)) outputs.set(draftId, { tool, bytes: 0, decoder: newDecoder() });
      return;
    }
    const length = partsOf(draftId).get(part)?.length ?? 0;
    partsOf(draftId).set(part, { kind: kinds[kind], tool, length });
  }

  function say(draftId: string, part: number, text: string): SaidPiece {
    const said = partsOf(draftId).get(part) ?? { kind: "text", tool: "", length: 0 };
    partsOf(draftId).set(part, { ...said, length: said.length + text.length });
    return { draftId, part, kind: said.kind, tool: said.tool, text };
  }

  function print({ draftId, part, offset }: Delta, data: Uint8Array): PrintedPiece {
    const before = outputs.get(draftId) ?? { tool: "", bytes: 0, decoder: newDecoder() };
    const missed = Math.max(0, Number(offset) - before.bytes);
    const decoder = missed > 0 ? newDecoder() : before.decoder;
    outputs.set(draftId, { ...before, bytes: Number(offset) + data.length, decoder });
    const text = decoder.decode(data, { stream: true });
    return { draftId, part, kind: "output", tool: before.tool, data, text, missed };
  }

  function partsOf(draftId: string): Map<number, Said> {
    const parts = drafts.get(draftId) ?? new Map<number, Said>();
    drafts.set(draftId, parts);
    return parts;
  }

  return {
    ofDelta(delta) {
      const { draftId, part, piece } = delta;
      switch (piece.case) {
        case "start":
          begin(draftId, part, piece.value);
          return undefined;
        case "text":
          return say(draftId, part, piece.value);
        case "data":
          return print(delta, piece.value);
        case undefined:
          return undefined; // a piece of a newer daemon
      }
    },
    async ofMessage({ draftId, message }) {
      const parts = drafts.get(draftId);
      drafts.delete(draftId);
      const rest: SaidPiece[] = [];
      for (const [part, value] of (message?.parts ?? []).entries()) {
        const whole = await saidBy(value, readText);
        if (whole === undefined) continue;
        const text = whole.text.slice(parts?.get(part)?.length ?? 0);
        if (text !== "") rest.push({ ...whole, draftId, part, text });
      }
      return rest;
    },
    forget(draftId) {
      drafts.delete(draftId);
      outputs.delete(draftId);
    },
  };
}

const kinds: Readonly<Record<Exclude<PartKind, PartKind.OUTPUT>, SaidPiece["kind"]>> = {
  [PartKind.UNSPECIFIED]: "text",
  [PartKind.TEXT]: "text",
  [PartKind.THINKING]: "thinking",
  [PartKind.TOOL_ARGUMENTS]: "arguments",
};

/** A mark at the start is part of the text. */
function newDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

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
