import { createTokens } from "@sophia/core/approval/tokens";
import { expect, test } from "vitest";
import { startAiHarness } from "../testing/ai-harness.ts";
import { createToolContext } from "../testing/tool-context.ts";
import { warmCache } from "../tools/warm-cache.ts";

test("what was warmed for an application is its first call's answer over HTTP, and no other key's", async () => {
  const harness = await startAiHarness();
  const { platform, services, url } = harness;
  const tokens = createTokens(platform);
  const [bot, other] = [
    await tokens.create({ name: "help-desk", server: "ai", scopes: ["read"] }),
    await tokens.create({ name: "other", server: "ai", scopes: ["read"] }),
  ];
  const system = "Answer for the help desk.";
  const request = { temperature: 0, max_tokens: 40 };
  const model = "simulated/small";
  const question = "How do I reset my password?";
  const input = warmCache.input.parse({
    questions: [question],
    budgetUsd: 1,
    key: "help-desk",
    system,
    model,
    request,
  });
  expect(await warmCache.run(input, createToolContext(services))).toMatchObject({ asked: 1, failed: [] });
  const ask = async (bearer: string, temperature: number): Promise<string | null> => {
    const messages = [
      { role: "system", content: system },
      { role: "user", content: question },
    ];
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify({ ...request, temperature, model, messages }),
    });
    await response.text();
    return response.status === 200 ? response.headers.get("x-sophia-cache") : String(response.status);
  };
  await expect.poll(() => ask(bot.bearer, 0), { interval: 120 }).toBe("hit");
  expect(await ask(bot.bearer, 0.9)).toBe("miss");
  await expect.poll(() => ask(other.bearer, 0), { interval: 120 }).toBe("miss");
  await harness.close();
});
