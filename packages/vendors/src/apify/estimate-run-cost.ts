import type { Pricing } from "./schemas.ts";

export interface RunCostEstimate {
  /** What is counted: compute units (1 GB for an hour) or the vendor's own word for an item. */
  unit: "compute_unit" | "item" | "event";
  quantity: number;
  /** Expected, and never above `mostUsd`. */
  costUsd: number;
  /** What the run can cost at most under its caps; Infinity: there is none. */
  mostUsd: number;
}

export interface RunCostFacts {
  /** Absent: as if paid by the compute unit. */
  pricing?: Pricing;
  memoryMbytes: number;
  /** How long such runs take. */
  expectedSecs: number;
  timeoutSecs: number;
  expectedItems: number;
  maxItems?: number;
  maxTotalChargeUsd?: number;
  /** By the plan; default the dearest, of the free one. https://apify.com/pricing */
  computeUnitUsd?: number;
}

const dearestComputeUnitUsd = 0.4;

/**
 * What a run will cost, before it is started. Proxies, storage and transfer come on top where the Actor's user pays
 * for them: the vendor tells those only afterwards. https://docs.apify.com/platform/actors/running/actors-in-store
 */
export function estimateRunCost(facts: RunCostFacts): RunCostEstimate {
  const { pricing } = facts;
  if (pricing?.pricingModel === "PRICE_PER_DATASET_ITEM") return byItem(pricing, facts);
  if (pricing?.pricingModel === "PAY_PER_EVENT") return byEvent(pricing, facts);
  return byComputeUnit(facts);
}

function byComputeUnit(facts: RunCostFacts): RunCostEstimate {
  const { memoryMbytes, expectedSecs, timeoutSecs, computeUnitUsd = dearestComputeUnitUsd } = facts;
  const unitsIn = (seconds: number): number => (memoryMbytes / 1_024) * (seconds / 3_600);
  const quantity = unitsIn(Math.min(expectedSecs, timeoutSecs));
  return {
    unit: "compute_unit",
    quantity,
    costUsd: quantity * computeUnitUsd,
    mostUsd: unitsIn(timeoutSecs) * computeUnitUsd,
  };
}

function byItem(pricing: Pricing, facts: RunCostFacts): RunCostEstimate {
  const priceUsd = pricing.pricePerUnitUsd ?? dearestTier(pricing.tieredPricing, "tieredPricePerUnitUsd");
  return capped({ unit: "item", priceUsd, startUsd: 0 }, facts);
}

/** One-time events at the start; the primary one (or, where none is named, all others) once an item. */
function byEvent(pricing: Pricing, facts: RunCostFacts): RunCostEstimate {
  const events = Object.values(pricing.pricingPerEvent?.actorChargeEvents ?? {}).map((event) => ({
    ...event,
    priceUsd: event.eventPriceUsd ?? dearestTier(event.eventTieredPricingUsd, "tieredEventPriceUsd"),
  }));
  const once = events.filter(({ isOneTimeEvent }) => isOneTimeEvent === true);
  const repeated = events.filter(({ isOneTimeEvent }) => isOneTimeEvent !== true);
  const primary = repeated.filter(({ isPrimaryEvent }) => isPrimaryEvent === true);
  const sum = (list: readonly { priceUsd: number }[]): number => list.reduce((total, each) => total + each.priceUsd, 0);
  const priceUsd = sum(primary.length > 0 ? primary : repeated);
  return capped({ unit: "event", priceUsd, startUsd: sum(once) }, facts);
}

function capped(
  { unit, priceUsd, startUsd }: { unit: "item" | "event"; priceUsd: number; startUsd: number },
  facts: RunCostFacts,
): RunCostEstimate {
  const { expectedItems, maxItems = Infinity, maxTotalChargeUsd = Infinity } = facts;
  const quantity = Math.min(expectedItems, maxItems);
  const itemsUsd = priceUsd === 0 ? 0 : maxItems * priceUsd;
  const mostUsd = Math.min(startUsd + itemsUsd, maxTotalChargeUsd);
  return { unit, quantity, costUsd: Math.min(startUsd + quantity * priceUsd, mostUsd), mostUsd };
}

type Tiers = NonNullable<Pricing["tieredPricing"]>;

/** Which tier the account is in is not known here. */
function dearestTier(tiers: Tiers | null | undefined, name: "tieredEventPriceUsd" | "tieredPricePerUnitUsd"): number {
  return Math.max(0, ...Object.values(tiers ?? {}).map((tier) => tier[name] ?? 0));
}
