import type { Model } from "./model.ts";

/** Somebody who serves models: the part before the slash of `provider/model`. */
export interface Provider {
  readonly name: string;
  /** Environment variables that may hold its key, the first one set wins; none for keyless ones. */
  readonly keyVariables: readonly string[];
  /** The model that is used where only the provider is known. */
  readonly defaultModel: string;
  /** Whether its key is set. */
  isConfigured(): boolean;
  /** Throws `failed_precondition` PROVIDER_KEY_MISSING where its key is not set. */
  open(model: string): Promise<Model>;
  /** Names of models that are known, without asking anybody. */
  list(): Promise<readonly string[]>;
}
