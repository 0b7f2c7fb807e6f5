import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { computeListedCost, type ListedPrice, parseListedPrice } from "./listed-price.ts";

const noon = Date.UTC(2026, 8, 1, 12);
const usage = (inputTokens: number, outputTokens: number, cachedInputTokens = 0, cacheWriteTokens = 0) => ({
  inputTokens,
  outputTokens,
  cachedInputTokens,
  cacheWriteTokens,
  estimated: false,
});

describe("of a provider's list", () => {
  test("as text in USD per token", () => {
    const pricing = { prompt: "0.000003", completion: "0.000015", request: "0.01", input_cache_read: "0.0000003" };
    const price = parseListedPrice(pricing) as ListedPrice;
    expect(price).toEqual({ input: 3e-6, output: 15e-6, perRequest: 0.01, cachedInput: 3e-7, overrides: [] });
    expect(computeListedCost(price, usage(1_000, 100, 400), noon)).toBeCloseTo(
      0.01 + 600 * 3e-6 + 400 * 3e-7 + 100 * 15e-6,
    );
  });

  test("as numbers in USD per million tokens", () => {
    const price = parseListedPrice({ hourly: 0, input: 0.88, output: 0.9, base: 0, finetune: 0, cached_input: 0.44 });
    expect(price).toEqual({ input: 0.88e-6, output: 0.9e-6, cachedInput: 0.44e-6, overrides: [] });
  });

  test.each([undefined, null, {}, "free", { prompt: "-1", completion: "-1" }, { prompt: "x", completion: "0" }])(
    "%j is none",
    (pricing) => expect(parseListedPrice(pricing)).toBeUndefined(),
  );

  test("anything else never throws", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void parseListedPrice(value)));
  });
});

describe("overrides", () => {
  const price = parseListedPrice({
    prompt: "0.000001",
    completion: "0.000002",
    input_cache_write: "0.00000125",
    overrides: [
      { min_prompt_tokens: 1_000, prompt: "0.000002" },
      { min_prompt_tokens: 5_000, prompt: "0.000004", completion: "0.000008" },
      { utc_start: 2_330, utc_end: 130, completion: "0.000001" },
    ],
  }) as ListedPrice;

  test.each([
    ["not at the length itself", usage(1_000, 0), noon, 1_000 * 1e-6],
    ["above it", usage(1_001, 10), noon, 1_001 * 2e-6 + 10 * 2e-6],
    ["the later one of two", usage(6_000, 10), noon, 6_000 * 4e-6 + 10 * 8e-6],
    ["in a window over midnight", usage(0, 10), Date.UTC(2026, 8, 1, 0, 30), 10 * 1e-6],
    ["not at the window's end", usage(0, 10), Date.UTC(2026, 8, 1, 1, 30), 10 * 2e-6],
    ["from the window's first minute", usage(0, 10), Date.UTC(2026, 8, 1, 23, 30), 10 * 1e-6],
    ["what is written to the cache apart", usage(100, 0, 0, 40), noon, 60 * 1e-6 + 40 * 1.25e-6],
  ])("%s", (_name, tokens, at, expected) => expect(computeListedCost(price, tokens, at)).toBeCloseTo(expected, 12));
});
