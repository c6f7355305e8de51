import { DaemonError, invalidField } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import type { Models } from "../core/model/model.ts";
import type { Provider } from "../core/model/provider.ts";

/** Providers whose keys decide the default model, in this order. */
const order = ["anthropic", "openai", "google", "openrouter"];

/** Finds a model at the provider that its name begins with. */
export function createModels(providers: readonly Provider[]): Models {
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  return {
    async open(name) {
      if (name === "") throw noModel(providers);
      const at = name.indexOf("/");
      const [provider, model] = [name.slice(0, at), name.slice(at + 1)];
      if (at <= 0 || model === "") {
        throw invalidField("model", `must be provider/model, got "${name}"`);
      }
      const found = byName.get(provider);
      if (found === undefined) {
        const near = nearNames(provider, [...byName.keys()]);
        const hint =
          near.length > 0
            ? `did you mean ${near.join(", ")}?`
            : `there are ${[...byName.keys()].join(", ")}`;
        throw invalidField("model", `there is no provider "${provider}"; ${hint}`);
      }
      return found.open(model);
    },
  };
}

/** The model where nobody named one: of the first provider whose key is set; else none. */
export function defaultModel(providers: readonly Provider[], named: string | undefined): string {
  if (named) return named;
  for (const name of order) {
    const provider = providers.find((candidate) => candidate.name === name);
    if (provider?.isConfigured()) return `${name}/${provider.defaultModel}`;
  }
  return "";
}

function noModel(providers: readonly Provider[]): DaemonError {
  const variables = order.flatMap(
    (name) => providers.find((provider) => provider.name === name)?.keyVariables[0] ?? [],
  );
  return new DaemonError(
    "failed_precondition",
    `no model is configured: set one of ${variables.join(", ")} for the daemon, or name a model; \`daphnia demo\` shows a scripted one without a key`,
    { reason: "PROVIDER_KEY_MISSING", metadata: { variable: variables.join(",") } },
  );
}
