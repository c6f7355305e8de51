import type { ProviderConfig } from "@daphnia/protocol/config";
import type { Clock } from "../base/clock.ts";
import type { Provider } from "../core/model/provider.ts";
import { createProviders, type ProviderSettings } from "../plugins/providers/create-providers.ts";
import { createScriptedModels } from "../plugins/scripted/load-scripts.ts";
import type { Home } from "./home.ts";

/** Everybody who serves models here. Nothing of them is loaded until it is used. */
export function openProviders(deps: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the config says of them, by name. */
  readonly named: Readonly<Record<string, ProviderConfig>>;
  readonly home: Home;
  readonly clock: Clock;
}): readonly Provider[] {
  const { environment, clock } = deps;
  const settings = Object.fromEntries(
    Object.entries(deps.named).map(([name, config]) => [name, toSettings(config)]),
  );
  return [...createProviders({ environment, settings, clock }), scripted(deps.home, clock)];
}

/** What a file leaves out is empty, and means the provider's own. */
function toSettings({ baseUrl, apiKey, headers }: ProviderConfig): ProviderSettings {
  return { ...(baseUrl && { baseUrl }), ...(apiKey && { apiKey }), headers };
}

function scripted(home: Home, clock: Clock): Provider {
  const models = createScriptedModels({ folder: home.scripts, clock });
  return {
    name: "scripted",
    keyVariables: [],
    defaultModel: "demo",
    isConfigured: () => true,
    open: (model) => models.open(model),
    list: () => models.list(),
  };
}
