import { create } from "@bufbuild/protobuf";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { ArgumentReader, Claim, Tool, ToolAnswer } from "../../tool/tool.ts";

export interface BenchToolOptions {
  readonly effect?: Tool["effect"];
  readonly claims?: readonly Claim[];
  /** Instead of its claims. */
  readonly claim?: () => Promise<never>;
  readonly run?: (signal: AbortSignal) => Promise<ToolAnswer>;
}

/** A tool that says "done" at once, unless told otherwise. */
export function createBenchTool(
  name: string,
  {
    effect = "unsafe",
    claims = [],
    claim,
    run = async () => answer("done"),
  }: BenchToolOptions = {},
): Tool {
  return {
    spec: create(ToolSchema, { name }),
    effect,
    claim: claim ?? (async () => ({ claims, run: ({ signal }) => run(signal) })),
  };
}

export function answer(text: string, isError = false): ToolAnswer {
  return { parts: [textPart(text)], isError };
}

export function textPart(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}

/** Takes any JSON object. */
export const plainArguments: ArgumentReader = {
  async read(_, text) {
    try {
      return { value: JSON.parse(text) as Record<string, unknown> }; // calls of tests hold objects
    } catch {
      return { problem: "not JSON" };
    }
  },
};

/** Rejects when the signal aborts, and never before. */
export function untilCanceled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}
