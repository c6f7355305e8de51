import { create } from "@bufbuild/protobuf";
import { type TurnErrorKind, TurnFinishedSchema } from "@daphnia/protocol/event";
import type { TurnOutcome } from "@daphnia/protocol/session";
import { CostSchema } from "@daphnia/protocol/usage";
import type { Fact } from "../log/session-writer.ts";
import { body, duration } from "./facts.ts";
import type { TurnState } from "./turn-state.ts";

/** How a turn ends. */
export interface TurnEnd {
  readonly outcome: TurnOutcome;
  readonly error?: { readonly kind: TurnErrorKind; readonly message: string };
}

/** Bytes of the last message that a turn's end repeats. */
const mostOutput = 8192;

/** The last fact of a turn: how it ended, and what it said, used and cost. */
export function turnEnd(state: TurnState, { outcome, error }: TurnEnd, elapsed: number): Fact {
  const { turnId, usage, currency, costNanos: nanos } = state;
  const isPriced = state.isCostKnown && currency !== "";
  return {
    turnId,
    body: body("turnFinished", TurnFinishedSchema, {
      outcome,
      stopReason: state.finishReason,
      duration: duration(elapsed),
      output: firstBytes(state.output, mostOutput),
      ...(usage && { usage }),
      ...(isPriced && { cost: create(CostSchema, { currency, nanos }) }),
      ...(error && { error }),
    }),
  };
}

/** The start of a text, in so many bytes of UTF-8 at most, ending on a code point. */
function firstBytes(text: string, most: number): string {
  let bytes = 0;
  let end = 0;
  for (const point of text) {
    const code = point.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > most) break;
    end += point.length;
  }
  return text.slice(0, end);
}
