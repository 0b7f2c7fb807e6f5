import { expect, test } from "vitest";
import { estimateRunCost, type RunCostFacts } from "./estimate-run-cost.ts";
import { Pricing } from "./schemas.ts";

const facts: RunCostFacts = { memoryMbytes: 2_048, expectedSecs: 1_800, timeoutSecs: 3_600, expectedItems: 100 };
const events = {
  start: { eventPriceUsd: 0.05, isOneTimeEvent: true },
  page: { eventPriceUsd: 0.01, isPrimaryEvent: true },
  screenshot: { eventPriceUsd: 1 },
};

test("without a price of its own a run is paid by the gigabyte-hour, and its time limit is its cap", () => {
  const estimate = estimateRunCost({ ...facts, computeUnitUsd: 0.3 });
  expect(estimate).toEqual({ unit: "compute_unit", quantity: 1, costUsd: 0.3, mostUsd: 0.6 });
  expect(estimateRunCost({ ...facts, expectedSecs: 9_999, computeUnitUsd: 0.3 }).costUsd).toBe(0.6);
});

test("paid by the item: the caps on items and on money hold, whichever is lower", () => {
  const pricing = Pricing.parse({ pricingModel: "PRICE_PER_DATASET_ITEM", pricePerUnitUsd: 0.002 });
  expect(estimateRunCost({ ...facts, pricing })).toMatchObject({ unit: "item", quantity: 100, mostUsd: Infinity });
  expect(estimateRunCost({ ...facts, pricing }).costUsd).toBeCloseTo(0.2);
  expect(estimateRunCost({ ...facts, pricing, maxItems: 10 }).mostUsd).toBeCloseTo(0.02);
  expect(estimateRunCost({ ...facts, pricing, maxItems: 10, maxTotalChargeUsd: 0.01 })).toMatchObject({
    costUsd: 0.01,
    mostUsd: 0.01,
  });
});

test("paid by the event: the start once, the primary event for each item, the dearest tier where tiers differ", () => {
  const pricing = Pricing.parse({ pricingModel: "PAY_PER_EVENT", pricingPerEvent: { actorChargeEvents: events } });
  expect(estimateRunCost({ ...facts, pricing }).costUsd).toBeCloseTo(1.05);
  const tiers = { FREE: { tieredEventPriceUsd: 0.02 }, GOLD: { tieredEventPriceUsd: 0.001 } };
  const tiered = Pricing.parse({
    pricingModel: "PAY_PER_EVENT",
    pricingPerEvent: { actorChargeEvents: { page: { eventTieredPricingUsd: tiers } } },
  });
  expect(estimateRunCost({ ...facts, pricing: tiered }).costUsd).toBeCloseTo(2);
});

test("a model that is not known yet is estimated by its time", () => {
  expect(estimateRunCost({ ...facts, pricing: Pricing.parse({ pricingModel: "NEW" }) }).unit).toBe("compute_unit");
});
