import type { RunContext } from "../tool.ts";

/** What a call of a test runs with; what it prints is kept in `printed`. */
export function createRunContext(
  given: Partial<RunContext> = {},
): RunContext & { readonly printed: Uint8Array[] } {
  const printed: Uint8Array[] = [];
  return {
    signal: new AbortController().signal,
    callId: "call",
    answers: [],
    progress() {},
    ask: async () => undefined,
    sample: async () => undefined,
    async print(bytes) {
      printed.push(bytes);
      return bytes;
    },
    endPrint: async () => new Uint8Array(),
    ...given,
    printed,
  };
}
