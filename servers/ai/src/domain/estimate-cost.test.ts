import { afterAll, beforeAll, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { rawEndpoint, rawPrices, type RawProvider, startRawProvider } from "../testing/raw-provider.ts";
import { estimateCostUsd } from "./estimate-cost.ts";

let harness: AiHarness;
let provider: RawProvider;
beforeAll(async () => {
  provider = await startRawProvider(["m/one"]);
  harness = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", provider)] });
});
afterAll(async () => {
  await harness.close();
  await provider.stop();
});

test.each(["m/one", "auto", undefined])(
  "a question costs its words and all that may be answered: %s",
  async (model) => {
    const messages = [{ role: "user", content: "why ".repeat(100) }];
    const request = { messages, max_tokens: 1_000, ...(model !== undefined && { model }) };
    const costUsd = await estimateCostUsd(harness.services.models, request);
    expect(costUsd).toBeGreaterThan(1_000 * rawPrices.output + 50 * rawPrices.input);
    expect(costUsd).toBeLessThan(1_000 * rawPrices.output + 400 * rawPrices.input);
  },
);

test("a model without a price has no bound, and says so", async () => {
  const request = { model: "m/unlisted", messages: [{ role: "user", content: "why" }] };
  await expect(estimateCostUsd(harness.services.models, request)).rejects.toMatchObject({
    kind: "budget_exceeded",
    hint: expect.stringContaining("list_models"),
  });
});
