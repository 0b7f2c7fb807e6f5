import { calcPrice } from "@pydantic/genai-prices";
import type { Clock } from "@sophia/core/limits/clock";
import { computeListedCost, type ListedPrice, ratesAt } from "@sophia/vendors/openai-shape/listed-price";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { Usage } from "@sophia/vendors/openai-shape/usage";

/** What a model costs. */
export interface ModelPrice {
  /** `provider`: its own list; `table`: the offline table; `free`: nobody bills; `unknown`: cost counts as 0 and says so. */
  origin: "provider" | "table" | "free" | "unknown";
  inputUsdPerMillion: number;
  outputUsdPerMillion: number;
  /** Day of the price, YYYY-MM-DD. */
  asOf: string;
  costOf(usage: Pick<Usage, "inputTokens" | "outputTokens" | "cachedInputTokens" | "cacheWriteTokens">): number;
}

export interface PriceBook {
  /** `listed` is what the provider's own model list says. */
  find(endpoint: ModelEndpoint, model: string, listed: ListedPrice | undefined): ModelPrice;
}

/** Release day of the version in the catalog of pnpm-workspace.yaml: the table has no date of its own. */
const tableAsOf = "2026-09-23";
const million = 1_000_000;
/** Some providers charge less at night: a price is looked up anew after this time. */
const memoryMs = 15 * 60_000;
const maxMemory = 5_000;

export function createPriceBook(options: { clock: Clock }): PriceBook {
  const memory = new Map<string, { price: ModelPrice; until: number }>();

  return {
    find(endpoint, model, listed) {
      const today = new Date(options.clock.now()).toISOString().slice(0, 10);
      if (endpoint.mode !== "live") return linearPrice("free", { input: 0, output: 0 }, today);
      if (listed) return priceOf(listed, options.clock);
      const key = `${endpoint.baseUrl} ${model}`;
      const known = memory.get(key);
      if (known && known.until > options.clock.monotonic()) return known.price;
      const price = findInTable(endpoint.baseUrl, model) ?? linearPrice("unknown", { input: 0, output: 0 }, today);
      if (memory.size >= maxMemory) memory.clear();
      memory.set(key, { price, until: options.clock.monotonic() + memoryMs });
      return price;
    },
  };
}

interface Rates {
  /** USD per token. */
  input: number;
  output: number;
  cachedInput?: number | undefined;
}

function linearPrice(origin: ModelPrice["origin"], rates: Rates, asOf: string): ModelPrice {
  return {
    origin,
    inputUsdPerMillion: perMillion(rates.input),
    outputUsdPerMillion: perMillion(rates.output),
    asOf,
    costOf(usage) {
      const cached = rates.cachedInput === undefined ? 0 : usage.cachedInputTokens;
      return (
        (usage.inputTokens - cached) * rates.input +
        cached * (rates.cachedInput ?? 0) +
        usage.outputTokens * rates.output
      );
    },
  };
}

/** Without the last digits of binary fractions: 0.6, not 0.6000000000000001. */
function perMillion(rate: number): number {
  return Number((rate * million).toPrecision(12));
}

/** Shown is what a short prompt costs at this hour; charged is what holds for the call. */
function priceOf(listed: ListedPrice, clock: Clock): ModelPrice {
  const now = clock.now();
  const { input, output } = ratesAt(listed, 0, now);
  return {
    origin: "provider",
    inputUsdPerMillion: perMillion(input),
    outputUsdPerMillion: perMillion(output),
    asOf: new Date(now).toISOString().slice(0, 10),
    costOf: (usage) => computeListedCost(listed, usage, clock.now()),
  };
}

function findInTable(baseUrl: string, named: string): ModelPrice | undefined {
  // Portkey names the place with the model, `@openai/gpt-5-mini`, and whoever is behind it bills.
  const [, providerId, modelThere] = /^@([\w-]+)\/(.+)$/.exec(named) ?? [];
  const options = providerId === undefined ? { providerApiUrl: baseUrl } : { providerId };
  const model = modelThere ?? named;
  const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, options);
  if (!found) return undefined;
  const { input_mtok: input, output_mtok: output, cache_read_mtok: cached } = found.model_price;
  if (typeof input === "number" && typeof output === "number" && typeof cached !== "object") {
    const rates = { input: input / million, output: output / million, cachedInput: cached && cached / million };
    return linearPrice("table", rates, tableAsOf);
  }
  // Long prompts cost more per token with these models. The table's own arithmetic takes 0.2 ms, so only they pay it.
  return {
    origin: "table",
    inputUsdPerMillion: perMillion(found.input_price),
    outputUsdPerMillion: perMillion(found.output_price),
    asOf: tableAsOf,
    costOf({ inputTokens, outputTokens, cachedInputTokens }) {
      const usage = { input_tokens: inputTokens, output_tokens: outputTokens, cache_read_tokens: cachedInputTokens };
      return calcPrice(usage, model, options)?.total_price ?? 0;
    },
  };
}
