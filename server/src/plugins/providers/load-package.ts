import type { LanguageModel } from "./language-model.ts";
import type { Dialect } from "./provider-table.ts";

/** Where a package sends its requests, and as whom. */
export interface Connection {
  readonly name: string;
  readonly baseURL: string;
  /** Empty for none. */
  readonly apiKey: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
}

/** Makes a model that uses this connection; cheap, so that every call may have its own. */
export type ModelMaker = (connection: Connection, model: string) => LanguageModel;

/** Loads the package that speaks a dialect. Nothing of it is loaded before. */
export async function loadPackage(dialect: Dialect): Promise<ModelMaker> {
  switch (dialect) {
    case "anthropic": {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      return ({ name: _, ...connection }, model) => createAnthropic(connection)(model);
    }
    case "openai-responses": {
      const { createOpenAI } = await import("@ai-sdk/openai");
      return ({ name: _, ...connection }, model) => createOpenAI(connection).responses(model);
    }
    case "openai-chat": {
      const { createOpenAI } = await import("@ai-sdk/openai");
      return ({ name: _, ...connection }, model) => createOpenAI(connection).chat(model);
    }
    case "google": {
      const { createGoogle } = await import("@ai-sdk/google");
      return ({ name: _, ...connection }, model) => createGoogle(connection)(model);
    }
    case "google-interactions": {
      const { createGoogle } = await import("@ai-sdk/google");
      return ({ name: _, ...connection }, model) => createGoogle(connection).interactions(model);
    }
    case "compatible": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      return (connection, model) =>
        createOpenAICompatible({ ...connection, includeUsage: true })(model);
    }
  }
}
