import type { Piece, Pieces } from "@daphnia/client/pieces";
import type { Delta } from "@daphnia/protocol/event";
import { plain } from "./escape-text.ts";
import { draftHead, type LineStyle } from "./event-line.ts";
import { bytesText } from "./figures.ts";
import type { Screen } from "./screen.ts";

/** Shows drafts as they are written: one paragraph for each run of pieces of one part. */
export interface DeltaLines {
  /** `at` is when it was told; now, unless it is a replay. */
  add(delta: Delta, at?: Date): void;
  /** Ends the paragraph; the next piece begins a new one. */
  end(): void;
}

export function createDeltaLines(screen: Screen, pieces: Pieces, style: LineStyle): DeltaLines {
  let open = "";
  /** A newline was told and not yet written. */
  let isAtBreak = false;
  const end = () => {
    if (open !== "") screen.write("\n");
    open = "";
    isAtBreak = false;
  };
  return {
    add(delta, at = new Date()) {
      const piece = pieces.ofDelta(delta);
      if (piece === undefined || piece.text === "") return; // or a character that is cut
      const key = `${piece.draftId} ${piece.part}`;
      if (key !== open) {
        end();
        screen.write(draftHead(delta.sessionId, labelOf(piece), at, style));
        open = key;
      }
      if (piece.kind === "output" && piece.missed > 0) {
        screen.write(screen.paint("dim", `[${bytesText(piece.missed)} not shown] `));
      }
      const text = (isAtBreak ? "\n" : "") + plain(piece.text);
      isAtBreak = text.endsWith("\n");
      // Only lines that hold something are indented.
      const shown = (isAtBreak ? text.slice(0, -1) : text).replace(/\n(?=[^\n])/g, "\n    ");
      const isDim = piece.kind === "thinking" || piece.kind === "output";
      screen.write(isDim ? screen.paint("dim", shown) : shown);
    },
    end,
  };
}

function labelOf({ kind, tool }: Piece): string {
  return kind === "arguments" || kind === "output" ? `${tool} ${kind}`.trim() : kind;
}
