/** The wire formats that the packages speak. */
export type Dialect =
  | "anthropic"
  | "openai-responses"
  | "openai-chat"
  | "google"
  | "google-interactions"
  | "compatible";

/** What is known of one provider before anything is loaded. */
export interface ProviderLine {
  readonly name: string;
  readonly dialect: Dialect;
  /** The first one set wins. */
  readonly keyVariables: readonly string[];
  /** False where a server may do without a key. */
  readonly needsKey: boolean;
  readonly baseUrlVariable: string;
  /** Empty where a person must name it. */
  readonly baseUrl: string;
  /** What a base URL without a version gets: always, or only where it has no path. */
  readonly version: { readonly path: string; readonly append: "always" | "bare" };
  /** Empty where nobody can know. */
  readonly defaultModel: string;
  /** The provider's name in the price library; `by-address` or `none` where it has no name. */
  readonly prices: string;
}

const anthropicVersion = { path: "/v1", append: "always" } as const;
const openaiVersion = { path: "/v1", append: "bare" } as const;
const googleVersion = { path: "/v1beta", append: "always" } as const;

// biome-ignore format: one line a provider
export const providerTable: readonly ProviderLine[] = [
  { name: "anthropic", dialect: "anthropic", keyVariables: ["ANTHROPIC_API_KEY"], needsKey: true, baseUrlVariable: "ANTHROPIC_BASE_URL", baseUrl: "https://api.anthropic.com/v1", version: anthropicVersion, defaultModel: "claude-sonnet-5", prices: "anthropic" },
  { name: "openai", dialect: "openai-responses", keyVariables: ["OPENAI_API_KEY"], needsKey: true, baseUrlVariable: "OPENAI_BASE_URL", baseUrl: "https://api.openai.com/v1", version: openaiVersion, defaultModel: "gpt-5.5", prices: "openai" },
  { name: "openai-chat", dialect: "openai-chat", keyVariables: ["OPENAI_API_KEY"], needsKey: true, baseUrlVariable: "OPENAI_BASE_URL", baseUrl: "https://api.openai.com/v1", version: openaiVersion, defaultModel: "gpt-5.5", prices: "openai" },
  { name: "google", dialect: "google", keyVariables: ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"], needsKey: true, baseUrlVariable: "GOOGLE_GEMINI_BASE_URL", baseUrl: "https://generativelanguage.googleapis.com/v1beta", version: googleVersion, defaultModel: "gemini-3.8-flash", prices: "google" },
  { name: "google-interactions", dialect: "google-interactions", keyVariables: ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"], needsKey: true, baseUrlVariable: "GOOGLE_GEMINI_BASE_URL", baseUrl: "https://generativelanguage.googleapis.com/v1beta", version: googleVersion, defaultModel: "gemini-3.8-flash", prices: "google" },
  { name: "openrouter", dialect: "compatible", keyVariables: ["OPENROUTER_API_KEY"], needsKey: true, baseUrlVariable: "OPENROUTER_BASE_URL", baseUrl: "https://openrouter.ai/api/v1", version: { path: "/api/v1", append: "bare" }, defaultModel: "anthropic/claude-sonnet-5", prices: "openrouter" },
  { name: "ollama", dialect: "compatible", keyVariables: [], needsKey: false, baseUrlVariable: "OLLAMA_HOST", baseUrl: "http://127.0.0.1:11434/v1", version: openaiVersion, defaultModel: "qwen3", prices: "none" },
  { name: "openai-compatible", dialect: "compatible", keyVariables: ["OPENAI_COMPATIBLE_API_KEY"], needsKey: false, baseUrlVariable: "OPENAI_COMPATIBLE_BASE_URL", baseUrl: "", version: openaiVersion, defaultModel: "", prices: "by-address" },
];
