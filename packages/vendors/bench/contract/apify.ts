import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { startApifySimulator } from "@sophia/simulators/apify/simulator";
import { pino } from "pino";
import { createApifyClient } from "../../src/apify/client.ts";
import { driveApifyClient } from "../../src/apify/testing/drive-client.ts";
import type { ContractRun } from "./contract-run.ts";

const apiKey = "apify_api_simulatedsimulatedsimulatedsi";

export const apifyRun: ContractRun = {
  vendor: "apify",
  specification: "apify-v2-openapi.json",
  prefix: "",
  specificationPrefix: "",
  start: () => startApifySimulator({ seed: 1, apiKey, latency: { scale: 0.02 } }),
  async drive(baseUrl) {
    const log = pino({ level: "silent" });
    const client = createApifyClient({ apiKey: new Secret(apiKey), baseUrl, log, clock: systemClock });
    try {
      await driveApifyClient(client, AbortSignal.timeout(120_000));
    } finally {
      await client.close();
    }
  },
};
