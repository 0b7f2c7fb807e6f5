import { systemClock } from "@sophia/core/limits/clock";
import { createOpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import { pino } from "pino";
import { expect, test } from "vitest";
import { simulateProviders } from "./simulate-providers.ts";

test("each simulated provider answers through its own profile, and says that it is simulated", async () => {
  const log = pino({ level: "silent" });
  const { endpoints, close } = await simulateProviders(log);
  expect(endpoints.map(({ service, mode }) => [service, mode])).toEqual([
    ["openrouter", "simulated"],
    ["together", "simulated"],
    ["huggingface", "simulated"],
    ["portkey", "simulated"],
  ]);
  const signal = AbortSignal.timeout(10_000);
  const answers = await Promise.all(
    endpoints.map(async (endpoint) => {
      const client = createOpenAiClient({ endpoint, log, clock: systemClock });
      const [model] = await client.listModels(signal);
      const answer = await client.complete({ model: model?.id, messages: [{ role: "user", content: "hi" }] }, signal);
      await client.close();
      return JSON.stringify(answer);
    }),
  );
  await close();
  for (const answer of answers) expect(answer).toContain("Simulated answer");
});
