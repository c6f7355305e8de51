import type { Redactor } from "../base/redact.ts";
import type { Models } from "../core/model/model.ts";
import type { Provider } from "../core/model/provider.ts";
import { redactModel } from "../core/model/redact-model.ts";
import type { ConfigState } from "./config-state.ts";
import { createModels, defaultModel } from "./models.ts";
import { openProviders } from "./providers.ts";

/** Everybody who serves models, as the config has them now. */
export interface LiveProviders {
  all(): readonly Provider[];
  readonly models: Models;
  /** `provider/model` where nobody named one; empty when there is none. */
  defaultModel(): string;
}

/** They are made anew only when the config says something else of them. */
export function createLiveProviders(
  config: ConfigState,
  {
    redactor,
    ...deps
  }: Omit<Parameters<typeof openProviders>[0], "named"> & {
    /** Takes out what is secret now, of what models say. */
    readonly redactor: () => Redactor;
  },
): LiveProviders {
  let key = "";
  let providers: readonly Provider[] = [];
  const all = () => {
    const named = config.config().providers;
    const now = JSON.stringify(named);
    if (now !== key) {
      providers = openProviders({ ...deps, named });
      key = now;
    }
    return providers;
  };
  return {
    all,
    models: {
      open: async (name) => redactModel(await createModels(all()).open(name), redactor),
    },
    defaultModel: () => defaultModel(all(), config.config().model?.default),
  };
}
