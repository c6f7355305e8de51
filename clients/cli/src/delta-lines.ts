import type { Pieces } from "@daphnia/client/pieces";
import type { Delta } from "@daphnia/protocol/event";
import { plain } from "./escape-text.ts";
import { draftHead, type LineStyle } from "./event-line.ts";
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
      if (piece === undefined || piece.text === "") return;
      const key = `${piece.draftId} ${piece.part}`;
      if (key !== open) {
        end();
        const label = piece.kind === "arguments" ? `${piece.tool} arguments` : piece.kind;
        screen.write(draftHead(delta.sessionId, label, at, style));
        open = key;
      }
      const text = (isAtBreak ? "\n" : "") + plain(piece.text);
      isAtBreak = text.endsWith("\n");
      // Only lines that hold something are indented.
      const shown = (isAtBreak ? text.slice(0, -1) : text).replace(/\n(?=[^\n])/g, "\n    ");
      screen.write(piece.kind === "thinking" ? screen.paint("dim", shown) : shown);
    },
    end,
  };
}
