import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { startTavilySimulator } from "@sophia/simulators/tavily/simulator";
import { pino } from "pino";
import { createTavilyClient } from "../../src/tavily/client.ts";
import { tavilyCorrections } from "../../src/tavily/testing/corrections.ts";
import { driveTavilyClient } from "../../src/tavily/testing/drive-client.ts";
import type { ContractRun } from "./contract-run.ts";

const apiKey = "tvly-simulatedsimulatedsimulated";

export const tavilyRun: ContractRun = {
  vendor: "tavily",
  specification: "tavily-openapi.json",
  prefix: "",
  specificationPrefix: "",
  options: tavilyCorrections,
  start: () => startTavilySimulator({ seed: 1, apiKey, latency: { scale: 0.02 } }),
  async drive(baseUrl) {
    const log = pino({ level: "silent" });
    const client = createTavilyClient({ apiKey: new Secret(apiKey), baseUrl, log, clock: systemClock });
    try {
      await driveTavilyClient(client, AbortSignal.timeout(120_000));
    } finally {
      await client.close();
    }
  },
};
