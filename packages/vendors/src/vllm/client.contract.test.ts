import { systemClock } from "@sophia/core/limits/clock";
import { startVllmSimulator } from "@sophia/simulators/vllm/simulator";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createVllmClient } from "./client.ts";

test("tells how busy the GPU host is, and when it is ill", async () => {
  const simulator = await startVllmSimulator();
  const client = createVllmClient({ baseUrl: simulator.url, log: pino({ level: "silent" }), clock: systemClock });
  const { signal } = new AbortController();
  simulator.setLoad({ running: 12, waiting: 3 });
  expect(await client.fetchLoad(signal)).toEqual({ running: 12, waiting: 3, cacheUsage: 0.12 });
  expect(await client.isHealthy(signal)).toBe(true);
  simulator.setHealthy(false);
  expect(await client.isHealthy(signal)).toBe(false);
  await client.close();
  await simulator.close();
});
