import { create } from "@bufbuild/protobuf";
import { type Cost, CostSchema, type Usage } from "@daphnia/protocol/usage";

/** What a model's tokens cost, offline. */
export interface Prices {
  /** Undefined where the price is unknown, never a guess and never 0. */
  priceOf(where: PricedAt, model: string, usage: Usage, at: Date): Promise<Cost | undefined>;
  /** Names of a provider's models with a known price, sorted; none where it is not known. */
  modelsOf(provider: string): Promise<readonly string[]>;
}

/** Whose prices count. */
export interface PricedAt {
  /** The library's name for the provider, `by-address`, or `none`: then it is not even loaded. */
  readonly provider: string;
  readonly url: string;
}

/** Loads the library at the first question. */
export function createPrices(): Prices {
  const load = () => import("@pydantic/genai-prices");
  return {
    async priceOf({ provider, url }, model, usage, at) {
      if (provider === "none") return undefined;
      const { calcPrice } = await load();
      const known = provider === "by-address" ? { providerApiUrl: url } : { providerId: provider };
      const price = calcPrice(toCounts(usage), model, { ...known, timestamp: at });
      if (price === null || !isSameModel(model, price.model.id)) return undefined;
      if (!Number.isFinite(price.total_price) || price.total_price <= 0) return undefined;
      const nanos = BigInt(Math.round(price.total_price * 1e9));
      return create(CostSchema, { currency: "USD", nanos });
    },
    async modelsOf(provider) {
      if (provider === "none" || provider === "by-address") return [];
      const { findProvider } = await load();
      const models = findProvider({ providerId: provider })?.models ?? [];
      return models
        .filter(({ deprecated }) => deprecated !== true)
        .map(({ id }) => id)
        .sort();
    },
  };
}

function toCounts(usage: Usage): Record<string, number> {
  return {
    input_tokens: Number(usage.inputTokens),
    cache_read_tokens: Number(usage.cacheReadTokens),
    cache_write_tokens: Number(usage.cacheWriteTokens),
    output_tokens: Number(usage.outputTokens),
  };
}

/**
 * The library matches names by their beginning, so that dated names are found;
 * but a longer version number is another model.
 */
function isSameModel(asked: string, found: string): boolean {
  const at = asked.indexOf(found);
  return at === -1 || !/^[-.]\d{1,2}(?!\d)/.test(asked.slice(at + found.length));
}
