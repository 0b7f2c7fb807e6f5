import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { describe, expect, test } from "vitest";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { describeBaseUrl } from "./describe-base-url.ts";
import { createPriceBook } from "./prices.ts";
import { parseListedPrice } from "@sophia/vendors/openai-shape/listed-price";
import { parseUsage } from "@sophia/vendors/openai-shape/usage";

const clock = createVirtualClock(Date.UTC(2026, 10, 22));
const book = createPriceBook({ clock });
const at = (baseUrl: string): ModelEndpoint => ({ ...describeBaseUrl(baseUrl), baseUrl, models: [] });
const usage = (inputTokens: number, outputTokens: number, cachedInputTokens = 0) => ({
  inputTokens,
  outputTokens,
  cachedInputTokens,
});
const million = 1_000_000;

describe("the provider's own list comes first", () => {
  const openRouter = at("https://openrouter.ai/api/v1");

  test("as strings per token", () => {
    const listed = { prompt: "0.000003", completion: "0.000015", input_cache_read: "0.0000003", request: "0.001" };
    const price = book.find(openRouter, "x/y", parseListedPrice(listed));
    expect(price).toMatchObject({
      origin: "provider",
      inputUsdPerMillion: 3,
      outputUsdPerMillion: 15,
      asOf: "2026-11-22",
    });
    expect(price.costOf(usage(1000, 100, 400))).toBeCloseTo(0.001 + 600 * 3e-6 + 400 * 0.3e-6 + 100 * 15e-6, 12);
  });

  test("as numbers per million", () => {
    const price = book.find(at("https://api.together.xyz/v1"), "x", parseListedPrice({ input: 0.88, output: 0.9 }));
    expect(price).toMatchObject({ origin: "provider", inputUsdPerMillion: 0.88, outputUsdPerMillion: 0.9 });
  });

  test.each([
    [{ prompt: "-1", completion: "1" }],
    [{ prompt: "NaN", completion: "0" }],
    [{ prompt: "7" }],
    ["free"],
    [null],
  ])("%j is no price", (listed) =>
    expect(book.find(openRouter, "nobody/none", parseListedPrice(listed)).origin).toBe("unknown"),
  );
});

describe("the offline table", () => {
  test.each([
    ["https://api.openai.com/v1", "gpt-4o-mini", usage(1000, 500), 0.00045],
    ["https://api.together.xyz/v1", "meta-llama/Llama-3.3-70B-Instruct-Turbo", usage(million, million), 1.76],
    // A long prompt is dearer per token with this model.
    ["https://openrouter.ai/api/v1", "anthropic/claude-sonnet-4.5", usage(million, million), 28.5],
    ["https://openrouter.ai/api/v1", "anthropic/claude-sonnet-4.5", usage(1000, 1000), 0.018],
  ])("%s %s", (baseUrl, model, used, costUsd) => {
    const price = book.find(at(baseUrl), model, undefined);
    expect(price).toMatchObject({ origin: "table", asOf: "2026-09-23" });
    expect(price.costOf(used)).toBeCloseTo(costUsd, 9);
  });

  test("an unknown model costs 0 and says that it is unknown", () => {
    const price = book.find(at("https://models.example.test/v1"), "gpt-4o-mini", undefined);
    expect(price).toMatchObject({ origin: "unknown" });
    expect(price.costOf(usage(million, million))).toBe(0);
  });

  test("is asked once per model", () => {
    const endpoint = at("https://api.openai.com/v1");
    expect(book.find(endpoint, "gpt-4o-mini", undefined)).toBe(book.find(endpoint, "gpt-4o-mini", undefined));
  });
});

test("nobody bills for one's own machine", () => {
  expect(
    book.find(at("http://127.0.0.1:11434/v1"), "gpt-4o-mini", { input: 1, output: 1, overrides: [] }),
  ).toMatchObject({
    origin: "free",
    inputUsdPerMillion: 0,
  });
});

test.each([
  ["https://openrouter.ai/api/v1", "openrouter", "live"],
  ["https://router.huggingface.co/v1", "huggingface", "live"],
  ["https://openrouter.ai.evil.test/v1", "openai-compatible", "live"],
  ["http://localhost:8000/v1", "local-models", "local"],
  ["http://[::1]:8000/v1", "local-models", "local"],
  ["http://127.0.0.1.evil.test/v1", "openai-compatible", "live"],
])("%s is %s, %s", (baseUrl, service, mode) => expect(describeBaseUrl(baseUrl)).toEqual({ service, mode }));

test.each([
  [
    { prompt_tokens: 3, completion_tokens: 2 },
    { inputTokens: 3, outputTokens: 2, cachedInputTokens: 0, estimated: false },
  ],
  [
    { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 9 } },
    { inputTokens: 3, cachedInputTokens: 3 },
  ],
  [{ prompt_tokens: 3, completion_tokens: 2, cost: 0.25 }, { statedCostUsd: 0.25 }],
])("usage %j", (value, expected) => expect(parseUsage(value)).toMatchObject(expected));

test.each([[undefined], [null], [{}], [{ prompt_tokens: -1 }], [{ prompt_tokens: 1.5 }], [{ prompt_tokens: 1e300 }]])(
  "usage %j is none",
  (value) => expect(parseUsage(value)).toBeUndefined(),
);

test("a model that Portkey names with its provider has that provider's price", () => {
  const portkey = at("https://api.portkey.ai/v1");
  expect(book.find(portkey, "@openai/gpt-5-mini", undefined)).toMatchObject({
    origin: "table",
    inputUsdPerMillion: 0.25,
  });
  expect(book.find(portkey, "@my-integration/gpt-5-mini", undefined)).toMatchObject({ origin: "unknown" });
});
