import { expect, test } from "vitest";
import { type AdviceFacts, buildAdvice, type Offer } from "./advice.ts";
import { QuantileSketch } from "@sophia/core/statistics/quantile-sketch";
import type { UsageGroupSums } from "./read-usage.ts";
import { zeroCounts } from "./roll-up.ts";
import type { UsageCounts } from "./usage-tables.ts";

function sums(key: [string, string, string, string], counts: Partial<UsageCounts>): UsageGroupSums {
  return { key, counts: { ...zeroCounts(), ...counts }, latency: new QuantileSketch() };
}

/** USD per million tokens read, written, and read again. */
function offer(model: string, service: string, [input, output, cached]: [number, number, number]): Offer {
  return {
    model,
    service,
    price: {
      origin: "table",
      costOf: ({ inputTokens, outputTokens, cachedInputTokens }) =>
        ((inputTokens - cachedInputTokens) * input + cachedInputTokens * cached + outputTokens * output) / 1e6,
    },
  };
}

// 1,000 calls of 2,000 + 200 tokens at 1 and 4 USD a million: 2.80 USD.
const spent = { calls: 1_000, input_tokens: 2_000_000, output_tokens: 200_000, cost_nano_usd: 2_800_000_000 };
const large = offer("acme/large", "openrouter", [1, 4, 1]);
const facts: AdviceFacts = {
  sums: [sums(["c1", "acme/large", "openrouter", "miss"], spent)],
  years: 0.1,
  offers: [large],
  judgments: [],
  qualityFloor: 0.9,
  cacheStats: [],
};

test("without an alternative there is nothing to say", () => {
  expect(buildAdvice(facts)).toEqual([]);
});

test("a cheaper model is named when enough of its answers to this kind were good", () => {
  const offers = [large, offer("acme/small", "openrouter", [0.1, 0.4, 0.1])];
  const judgment = { category: "c1", model: "acme/small", judged: 100, passed: 99 };
  expect(buildAdvice({ ...facts, offers, judgments: [judgment] })).toEqual([
    {
      kind: "cheaper_model",
      // 2.80 - 0.28 in a tenth of a year.
      saveUsdPerYear: expect.closeTo(25.2, 6),
      text: 'Calls of kind c1 at acme/large (1000): acme/small at openrouter was good enough in 99 of 100 judged calls of this kind. Name it, or ask for "auto".',
    },
  ]);
  // 93 of 100 may be 87 %: below the floor.
  for (const other of [{ passed: 93 }, { judged: 20, passed: 20 }, { category: "c2" }]) {
    expect(buildAdvice({ ...facts, offers, judgments: [{ ...judgment, ...other }] })).toEqual([]);
  }
});

test("the same weights elsewhere for less, but not what no list prices", () => {
  const cheaper = offer("Large", "together", [0.5, 4, 0.5]);
  const free = { ...offer("large", "localhost", [0, 0, 0]), price: { origin: "free" as const, costOf: () => 0 } };
  const advice = buildAdvice({ ...facts, offers: [large, cheaper, free] });
  expect(advice).toMatchObject([{ kind: "cheaper_service", saveUsdPerYear: expect.closeTo(10, 6) }]);
  expect(advice[0]?.text).toContain("2.80 USD; the same tokens of Large at together would have cost 1.80 USD");
});

test("calls past the cache cost what the others of their kind save", () => {
  const mixed = [
    sums(["c1", "acme/large", "openrouter", "hit"], { calls: 60 }),
    sums(["c1", "acme/large", "openrouter", "miss"], { calls: 40, input_tokens: 40, output_tokens: 4 }),
    sums(["c1", "acme/large", "openrouter", "bypass"], { calls: 10, cost_nano_usd: 1_000_000_000, input_tokens: 10 }),
  ];
  expect(buildAdvice({ ...facts, sums: mixed })).toMatchObject([
    { kind: "stop_bypassing_cache", saveUsdPerYear: expect.closeTo(6, 6) },
  ]);
});

test("kinds without a threshold could do as the others do", () => {
  const stats = { checks: 3, threshold: undefined, requests: 1_000, hits: 0 };
  const cacheStats = [
    { ...stats, category: "c1" },
    { category: "c2", checks: 200, threshold: 0.9, requests: 100, hits: 25 },
  ];
  expect(buildAdvice({ ...facts, cacheStats })).toMatchObject([
    { kind: "calibrate_cache", saveUsdPerYear: expect.closeTo(7, 6) },
  ]);
});

test("long prompts that never use the provider's lower price", () => {
  const offers = [offer("acme/large", "openrouter", [1, 4, 0.1])];
  // Half of 2 million tokens for 0.1 instead of 1.
  expect(buildAdvice({ ...facts, offers })).toMatchObject([
    { kind: "prompt_cache", saveUsdPerYear: expect.closeTo(9, 6) },
  ]);
  const used = [sums(["c1", "acme/large", "openrouter", "miss"], { ...spent, cached_input_tokens: 1_200_000 })];
  expect(buildAdvice({ ...facts, offers, sums: used })).toEqual([]);
});
