import type { Clock } from "../../base/clock.ts";
import { DaemonError, invalidField } from "../../base/errors.ts";
import type { Provider } from "../../core/model/provider.ts";
import { baseUrlOf } from "./base-url.ts";
import { dialectTraits } from "./dialect-traits.ts";
import { loadPackage } from "./load-package.ts";
import { createPrices, type Prices } from "./prices.ts";
import { type ProviderLine, providerTable } from "./provider-table.ts";
import { createSdkModel } from "./sdk-model.ts";

/** What a person may set for a provider; it wins over the environment. */
export interface ProviderSettings {
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProvidersNeeds {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By the provider's name. */
  readonly settings?: Readonly<Record<string, ProviderSettings>>;
  readonly clock: Clock;
}

/** Every provider that is served through a package. None is loaded before its first model is opened. */
export function createProviders({ environment, settings = {}, clock }: ProvidersNeeds): Provider[] {
  const prices = createPrices();
  return providerTable.map((line) =>
    createProvider(line, settings[line.name] ?? {}, { environment, clock, prices }),
  );
}

interface Needs {
  readonly environment: ProvidersNeeds["environment"];
  readonly clock: Clock;
  readonly prices: Prices;
}

function createProvider(
  line: ProviderLine,
  settings: ProviderSettings,
  { environment, clock, prices }: Needs,
): Provider {
  const { name, keyVariables, defaultModel } = line;
  const set = (variable: string) => environment[variable]?.trim() || undefined;
  const apiKey = settings.apiKey || keyVariables.map(set).find((key) => key !== undefined) || "";
  const named = settings.baseUrl || set(line.baseUrlVariable);
  const headers = settings.headers ?? {};
  return {
    name,
    keyVariables,
    defaultModel,
    isConfigured: () => (line.needsKey ? apiKey !== "" : (named ?? line.baseUrl) !== ""),
    async open(model) {
      if (line.needsKey && apiKey === "") throw keyMissing(line);
      const baseURL = urlOf(line, named);
      const make = await loadPackage(line.dialect);
      return createSdkModel({
        provider: name,
        model,
        traits: dialectTraits[line.dialect],
        make: (fetch) => make({ name, baseURL, apiKey, headers, fetch }, model),
        price: (priced, usage) =>
          prices.priceOf({ provider: line.prices, url: baseURL }, priced, usage, clock.now()),
        place: {
          url: baseURL,
          secrets: [apiKey, ...Object.values(headers)],
          keyVariables,
        },
        clock,
      });
    },
    list: () => prices.modelsOf(line.prices),
  };
}

function urlOf(line: ProviderLine, named: string | undefined): string {
  const source = `the base URL of ${line.name} (${line.baseUrlVariable})`;
  if (named !== undefined && !URL.canParse(named) && line.name !== "ollama") {
    throw invalidField("model", `${source} must be a URL, got "${named}"`);
  }
  const url = baseUrlOf(line, named);
  if (url !== undefined && /^https?:\/\/[^/]*@/.test(url)) {
    throw invalidField("model", `${source} must hold no user or password; set a header instead`);
  }
  if (url !== undefined) return url;
  throw new DaemonError("failed_precondition", `${source} is not set`, {
    reason: "WRONG_STATE",
    metadata: { variable: line.baseUrlVariable },
  });
}

function keyMissing({ name, keyVariables }: ProviderLine): DaemonError {
  const [first = ""] = keyVariables;
  return new DaemonError(
    "failed_precondition",
    `${name} needs a key: set ${keyVariables.join(" or ")} for the daemon; \`daphnia demo\` works without one`,
    { reason: "PROVIDER_KEY_MISSING", metadata: { variable: first } },
  );
}
