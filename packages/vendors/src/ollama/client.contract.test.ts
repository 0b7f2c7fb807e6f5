import { systemClock } from "@sophia/core/limits/clock";
import { startOllamaSimulator } from "@sophia/simulators/ollama/simulator";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createOllamaClient } from "./client.ts";

test("tells what lies on the disk, what is in memory, and what a model can do", async () => {
  const simulator = await startOllamaSimulator();
  const client = createOllamaClient({ baseUrl: simulator.url, log: pino({ level: "silent" }), clock: systemClock });
  const { signal } = new AbortController();
  simulator.load("simulated/small");
  expect(await client.listModels(signal)).toEqual([
    {
      name: "simulated/small",
      bytes: 4_900_000_000,
      parameters: "8.0B",
      quantization: "Q4_K_M",
      loaded: { bytes: 4_900_000_000, gpuBytes: 4_900_000_000 },
    },
    { name: "simulated/embedding", bytes: 274_000_000, parameters: "137M", quantization: "F16" },
  ]);
  expect(await client.fetchDetails("simulated/small", signal)).toEqual({
    contextLength: 131_072,
    supports: { tools: true, vision: false, embedding: false },
  });
  await expect(client.fetchDetails("none", signal)).rejects.toMatchObject({ kind: "not_found", service: "ollama" });
  await client.close();
  await simulator.close();
});
