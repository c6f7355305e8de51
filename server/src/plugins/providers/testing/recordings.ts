import type { Usage } from "@daphnia/protocol/usage";

/** What a recorded stream must come to. */
export interface Recording {
  /** Its place under `model-streams`, without `.chunks.txt`. */
  readonly file: string;
  /** The provider whose endpoint it is served at. */
  readonly provider: string;
  /** `ok`, or the kind of its error. */
  readonly outcome: string;
  readonly calls: number;
  /** Tokens: input, output, cache read, cache write, thinking; `-` when none were told. */
  readonly usage: string;
}

/** WebSocket dialects and the legacy completions endpoint, which nothing here speaks. */
export const excluded: readonly string[] = [
  "google/google-live-speech-translation",
  "openai/openai-completion-text",
  "openai/openai-realtime-speech-translation",
];

// Known oddities: `spliced-message-start` is broken on purpose; in
// `parallel-tool-call-wrapper.1` two event lines, the last one too, are no JSON.
export const recordings: readonly Recording[] = `
anthropic/anthropic-advisor-20250301.1 | anthropic | ok | 0 | 4727 3391 0 0 0
anthropic/anthropic-advisor-stop-reasons | anthropic | ok | 0 | 10 20 0 0 0
anthropic/anthropic-clear-thinking.1 | anthropic | ok | 0 | 69 53 0 0 0
anthropic/anthropic-clear-tool-uses.1 | anthropic | ok | 0 | 859 122 0 0 0
anthropic/anthropic-code-execution-20250825.1 | anthropic | ok | 0 | 8050 771 0 0 0
anthropic/anthropic-code-execution-20250825.2 | anthropic | ok | 0 | 15696 2479 0 0 0
anthropic/anthropic-code-execution-20250825.pptx-skill | anthropic | ok | 0 | 320032 5558 0 0 0
anthropic/anthropic-code-execution-20260120-prompt-cache.1 | anthropic | ok | 0 | 9632 198 6289 3337 0
anthropic/anthropic-code-execution-file-upload.1 | anthropic | ok | 0 | 11505 1103 0 0 0
anthropic/anthropic-combined-context-editing.1 | anthropic | ok | 0 | 50 485 0 0 0
anthropic/anthropic-compaction.1 | anthropic | ok | 0 | 60997 3341 0 0 0
anthropic/anthropic-fallback | anthropic | ok | 0 | 412 264 0 0 0
anthropic/anthropic-json-other-tool.1 | anthropic | ok | 1 | 843 28 0 0 0
anthropic/anthropic-json-output-format.1 | anthropic | ok | 0 | 313 305 0 0 0
anthropic/anthropic-json-tool.1 | anthropic | ok | 1 | 849 47 0 0 0
anthropic/anthropic-json-tool.2 | anthropic | ok | 1 | 849 47 0 0 0
anthropic/anthropic-mcp.1 | anthropic | ok | 0 | 1250 83 0 0 0
anthropic/anthropic-message-delta-input-tokens | anthropic | ok | 0 | 61 2 0 0 0
anthropic/anthropic-programmatic-tool-calling.1 | anthropic | ok | 14 | 4551 197 0 0 0
anthropic/anthropic-refusal | anthropic | refused | 0 | -
anthropic/anthropic-text | anthropic | ok | 0 | 12 30 0 0 0
anthropic/anthropic-tool-no-args | anthropic | ok | 1 | 565 48 0 0 0
anthropic/anthropic-tool-search-bm25.1 | anthropic | ok | 1 | 1040 41 0 0 0
anthropic/anthropic-tool-search-deferred-bm25 | anthropic | ok | 2 | 1639 95 0 0 0
anthropic/anthropic-tool-search-deferred-regex | anthropic | ok | 2 | 1758 118 0 0 0
anthropic/anthropic-tool-search-regex.1 | anthropic | ok | 1 | 1071 67 0 0 0
anthropic/anthropic-web-fetch-tool-20260209.1 | anthropic | ok | 0 | 7172 144 0 0 0
anthropic/anthropic-web-fetch-tool.1 | anthropic | ok | 0 | 4230 446 0 0 0
anthropic/anthropic-web-search-tool.1 | anthropic | ok | 0 | 15665 795 0 0 0
anthropic/duplicate-message-start | anthropic | ok | 0 | 17 227 0 0 0
anthropic/spliced-message-start | anthropic | malformed | 1 | -
deepseek/deepseek-reasoning | openai-compatible | ok | 0 | 18 219 0 0 205
deepseek/deepseek-text | openai-compatible | ok | 0 | 13 400 0 0 0
deepseek/deepseek-tool-call | openai-compatible | ok | 1 | 339 83 320 0 39
google/basic | google-interactions | ok | 0 | 7 141 0 0 115
google/google-reasoning-gemini3 | google | ok | 0 | 9 325 0 0 302
google/google-reasoning | google | ok | 0 | 9 285 0 0 256
google/google-search | google-interactions | ok | 0 | 22 1763 0 0 1173
google/google-stream-no-args-tool-call | google | ok | 4 | 249 241 0 0 183
google/google-stream-tool-call-arguments | google | ok | 2 | 26 155 0 0 132
google/google-stream-tool-call-array-arguments-missing-terminal-function-call | google | ok | 1 | 54 195 0 0 121
google/google-text | google | ok | 0 | 9 208 0 0 185
google/google-tool-call-gemini3 | google | ok | 1 | 29 819 0 0 804
google/google-tool-call | google | ok | 1 | 29 60 0 0 45
google/google-vertex-stream-tool-call-arguments-nested.1 | google | ok | 1 | 31 1710 0 0 1026
google/multi-turn-stateful-turn1 | google-interactions | ok | 0 | 10 168 0 0 137
google/multi-turn-stateful-turn2 | google-interactions | ok | 0 | 12 445 0 0 391
google/multi-turn-stateless-turn1 | google-interactions | ok | 0 | 10 203 0 0 174
google/multi-turn-stateless-turn2 | google-interactions | ok | 0 | 52 417 0 0 395
google/tool-call-step1 | google-interactions | ok | 1 | 53 80 0 0 65
google/tool-call-step2 | google-interactions | ok | 0 | 161 19 0 0 0
openai/azure-model-router.1 | openai-chat | ok | 0 | 15 78 0 0 64
openai/github-copilot-id-rotation.1 | openai | ok | 0 | 19 105 0 0 44
openai/openai-apply-patch-tool-delete.1 | openai | ok | 1 | 24 0 0 0 0
openai/openai-apply-patch-tool.1 | openai | ok | 1 | 642 67 0 0 0
openai/openai-client-tool-search.1 | openai | ok | 1 | 65 31 0 0 0
openai/openai-client-tool-search.2 | openai | ok | 1 | 467 26 0 0 0
openai/openai-code-interpreter-tool.1 | openai | ok | 0 | 6047 1623 2944 0 1408
openai/openai-compaction.1 | openai | ok | 0 | 51097 2505 49792 0 0
openai/openai-custom-tool.1 | openai | ok | 1 | 50 20 0 0 0
openai/openai-error.1 | openai | invalid_request | 0 | -
openai/openai-file-search-tool.1 | openai | ok | 0 | 3737 621 2304 0 512
openai/openai-file-search-tool.2 | openai | ok | 0 | 3748 543 2304 0 448
openai/openai-image-generation-tool.1 | openai | ok | 0 | 2941 1249 1920 0 1024
openai/openai-local-shell-tool.1 | openai | ok | 1 | 407 151 0 0 128
openai/openai-mcp-tool-approval.1 | openai | ok | 0 | 422 48 0 0 0
openai/openai-mcp-tool-approval.2 | openai | ok | 0 | 553 371 0 0 256
openai/openai-mcp-tool-approval.3 | openai | ok | 0 | 609 48 0 0 0
openai/openai-mcp-tool-approval.4 | openai | ok | 0 | 779 69 0 0 0
openai/openai-mcp-tool.1 | openai | ok | 0 | 11791 963 0 0 512
openai/openai-phase.1 | openai | ok | 0 | 7112 463 3072 0 64
openai/openai-reasoning-encrypted-content.1 | openai | ok | 3 | 299 12 0 0 0
openai/openai-shell-container-multiturn.1 | openai | ok | 0 | 802 20 0 0 0
openai/openai-shell-container.1 | openai | ok | 1 | 200 120 0 0 0
openai/openai-shell-local-multiturn.1 | openai | ok | 0 | 444 12 0 0 0
openai/openai-shell-skills.1 | openai | ok | 2 | 1501 314 1024 0 100
openai/openai-shell-tool.1 | openai | ok | 1 | 331 166 0 0 0
openai/openai-text | openai-chat | ok | 0 | 16 300 0 0 0
openai/openai-tool-search.1 | openai | ok | 1 | 640 46 0 0 20
openai/openai-web-search-tool.1 | openai | ok | 0 | 31073 4416 3712 0 3712
openai/parallel-tool-call-wrapper.1 | openai | malformed | 2 | -
openai/programmatic-tool-calling.1 | openai | ok | 1 | 631 87 0 0 37
openai/programmatic-tool-calling.2 | openai | ok | 1 | -
openai/programmatic-tool-calling.3 | openai | ok | 0 | 757 35 0 0 0
openai-compatible/xai-text | openai-compatible | ok | 0 | 12 342 11 0 340
openai-compatible/xai-tool-call | openai-compatible | ok | 1 | 307 253 306 0 227
`
  .trim()
  .split("\n")
  .map((line) => {
    const [file = "", provider = "", outcome = "", calls, usage = ""] = line.split(" | ");
    return { file, provider, outcome, calls: Number(calls), usage };
  });

/** Tokens as the table has them. */
export function tokensOf(usage: Usage): string {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, thinkingTokens } = usage;
  return [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, thinkingTokens].join(" ");
}
