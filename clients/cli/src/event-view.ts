import { toJson } from "@bufbuild/protobuf";
import type { Daphnia } from "@daphnia/client";
import { readTextBlob } from "@daphnia/client/blobs";
import { createPieces } from "@daphnia/client/pieces";
import { type Delta, DeltaSchema, type Event, EventSchema } from "@daphnia/protocol/event";
import { createDeltaLines } from "./delta-lines.ts";
import { safeJson } from "./escape-text.ts";
import { eventLine, type LineStyle } from "./event-line.ts";
import type { Screen } from "./screen.ts";

/** Shows events, and drafts as they are written. */
export interface EventView {
  event(event: Event): void;
  /** `at` is when it was told; now, unless it is a replay. */
  delta(delta: Delta, at?: Date): void;
  close(): void;
}

/** Columns from which a session's whole id fits without pushing out what happened. */
const wide = 120;

/** A line for each event, and running text for each draft. */
export function createEventView(
  screen: Screen,
  { blobs }: Daphnia,
  session: LineStyle["session"] = screen.columns >= wide ? "whole" : "end",
  longest = Number.POSITIVE_INFINITY,
): EventView {
  const pieces = createPieces((digest) => readTextBlob(blobs, digest));
  const columns = Math.min(screen.columns, longest);
  const style: LineStyle = { paint: screen.paint, columns, session };
  const deltas = createDeltaLines(screen, pieces, style);
  return {
    event(event) {
      const { body } = event;
      deltas.end();
      if (body.case === "messageCompleted") pieces.forget(body.value.draftId);
      if (body.case === "toolCallFinished") pieces.forget(body.value.callId);
      screen.print(eventLine(event, style));
    },
    delta: deltas.add,
    close() {
      deltas.end();
      screen.close();
    },
  };
}

/** Events exactly as protobuf's JSON mapping gives them, one a line. */
export function createJsonView(screen: Screen): EventView {
  return {
    event: (event) => screen.print(safeJson(toJson(EventSchema, event))),
    delta: (delta) => screen.print(safeJson({ delta: toJson(DeltaSchema, delta) })),
    close: () => {},
  };
}
