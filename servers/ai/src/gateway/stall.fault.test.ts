import { afterEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";

let harness: AiHarness;
afterEach(() => harness.close());

const messages = [{ role: "user" as const, content: "stall" }];

test("a stalled stream is ended at the idle deadline with an error event", async () => {
  harness = await startAiHarness({ idleTimeoutMs: 1_200 });
  const client = await harness.createClient();
  harness.simulator.faults.set({ kind: "stall", afterEvents: 5 });
  const stream = await client.chat.completions.create({ model: "simulated/small", messages, stream: true });
  const started = performance.now();
  await expect(
    (async () => {
      for await (const chunk of stream) expect(chunk).toBeDefined();
    })(),
  ).rejects.toMatchObject({ type: "api_error" });
  expect(performance.now() - started).toBeLessThan(6_000);
});

test("a provider that accepts and never answers costs the deadline and nothing else", async () => {
  harness = await startAiHarness({ timeoutMs: 1_000 });
  const client = await harness.createClient();
  harness.simulator.faults.set({ kind: "slow", delayMs: 30_000 });
  await expect(client.chat.completions.create({ model: "simulated/small", messages })).rejects.toMatchObject({
    status: 504,
  });
  expect((await harness.spent()).entries).toBe(0);
});

test("all providers down: one clear error, fast, no charge; after five of them nobody waits", async () => {
  harness = await startAiHarness();
  const client = await harness.createClient();
  await client.models.list();
  await harness.simulator.close();
  const times: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const started = performance.now();
    await expect(client.chat.completions.create({ model: "simulated/small", messages })).rejects.toMatchObject({
      status: expect.toSatisfy((status: number) => status === 502 || status === 503),
    });
    times.push(performance.now() - started);
  }
  expect(Math.max(...times)).toBeLessThan(3_000);
  await expect(client.chat.completions.create({ model: "simulated/small", messages })).rejects.toMatchObject({
    status: 503,
  });
  expect((await harness.spent()).entries).toBe(0);
});
