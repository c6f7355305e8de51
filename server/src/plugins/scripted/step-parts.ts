import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema } from "@daphnia/protocol/usage";
import type { ModelPart } from "../../core/model/model.ts";
import { piecesOf } from "./pieces.ts";
import { type Fillings, fill, fillWhole } from "./placeholders.ts";
import type { ScriptCall, ScriptStep, ScriptUsage } from "./script.ts";
import type { ScriptPlace } from "./script-place.ts";

/** All parts of a step between the request and the finish: thinking, text, then calls. */
export function* partsOf(step: ScriptStep, place: ScriptPlace): Iterable<ModelPart> {
  const { fillings } = place;
  yield* spoken("thinking", piecesOf(fill(step.think, fillings), step.chunk));
  yield* spoken("text", saidBy(step, fillings));
  for (const [index, call] of step.calls.entries()) {
    const id = `call_${place.turn}_${place.step}_${index}`;
    yield { kind: "start", block: id, of: "tool_call", providerCallId: id, tool: call.tool };
    for (const text of piecesOf(argumentsOf(call, fillings), step.chunk)) {
      yield { kind: "piece", block: id, text };
    }
    yield { kind: "end", block: id };
  }
}

/** The tokens that the script names; the others are a quarter of the characters. */
export function usageOf(usage: ScriptUsage, read: number, written: number): Usage {
  return create(UsageSchema, {
    inputTokens: BigInt(usage.input ?? Math.ceil(read / 4)),
    outputTokens: BigInt(usage.output ?? Math.ceil(written / 4)),
    cacheReadTokens: BigInt(usage.cacheRead),
    cacheWriteTokens: BigInt(usage.cacheWrite),
    thinkingTokens: BigInt(usage.thinking),
  });
}

function* spoken(of: "text" | "thinking", pieces: readonly string[]): Iterable<ModelPart> {
  if (pieces.length === 0) return;
  yield { kind: "start", block: of, of };
  for (const text of pieces) yield { kind: "piece", block: of, text };
  yield { kind: "end", block: of };
}

function saidBy(step: ScriptStep, fillings: Fillings): string[] {
  if (typeof step.say === "string") return piecesOf(fill(step.say, fillings), step.chunk);
  return step.say.map((piece) => fill(piece, fillings));
}

function argumentsOf(call: ScriptCall, fillings: Fillings): string {
  if (call.kind === "raw") return call.arguments;
  return JSON.stringify(fillWhole(call.arguments, fillings));
}
