import type { CallWishes } from "../openai-shape/call-wishes.ts";

/** https://openrouter.ai/docs/guides/routing/provider-selection */
export interface OpenRouterPreferences {
  order?: readonly string[];
  only?: readonly string[];
  ignore?: readonly string[];
  allow_fallbacks?: boolean;
  require_parameters?: boolean;
  data_collection?: "allow" | "deny";
  zdr?: boolean;
  quantizations?: readonly string[];
  sort?: "price" | "throughput" | "latency" | { by: string; partition?: string };
  preferred_min_throughput?: number | Record<string, number>;
  preferred_max_latency?: number | Record<string, number>;
  /** USD per million tokens, as text. */
  max_price?: { prompt?: string; completion?: string };
}

/** Makers of closed models do not say how they are quantised: `unknown` is not held against them. */
const fineQuantizations = ["fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown"];
/** From here on a model cut to 4 bits is not the model that was measured. */
const fineFloor = 0.9;

/**
 * What the caller wrote as `provider`, with our wishes over it: a wish may make it stricter and never looser.
 * `undefined` when neither says anything.
 */
export function buildPreferences(written: unknown, wishes: CallWishes): OpenRouterPreferences | undefined {
  const own = (typeof written === "object" && written !== null ? written : {}) as OpenRouterPreferences;
  const preferences = { ...own, ...privacyOf(wishes), ...priceOf(own, wishes), ...qualityOf(own, wishes) };
  if (wishes.prefer !== undefined) preferences.sort ??= wishes.prefer;
  return Object.keys(preferences).length === 0 ? undefined : preferences;
}

/** `local` cannot be promised here: whoever demands it must not have chosen this provider. Zero retention is the least. */
function privacyOf({ dataPolicy }: CallWishes): OpenRouterPreferences {
  if (dataPolicy === undefined || dataPolicy === "any") return {};
  return dataPolicy === "no_training" ? { data_collection: "deny" } : { data_collection: "deny", zdr: true };
}

function priceOf({ max_price: own }: OpenRouterPreferences, { maxPrice }: CallWishes): OpenRouterPreferences {
  if (!maxPrice) return {};
  const prompt = lower(own?.prompt, maxPrice.inputUsdPerMillion);
  const completion = lower(own?.completion, maxPrice.outputUsdPerMillion);
  const price = { ...own, ...(prompt !== undefined && { prompt }), ...(completion !== undefined && { completion }) };
  return Object.keys(price).length === 0 ? {} : { max_price: price };
}

function lower(own: string | undefined, wished: number | undefined): string | undefined {
  if (wished === undefined) return own;
  return String(own === undefined ? wished : Math.min(Number(own), wished));
}

function qualityOf(
  { quantizations: own }: OpenRouterPreferences,
  { qualityFloor = 0 }: CallWishes,
): OpenRouterPreferences {
  if (qualityFloor < fineFloor) return {};
  const both = (own ?? fineQuantizations).filter((name) => fineQuantizations.includes(name));
  return both.length > 0 ? { quantizations: both } : {};
}
