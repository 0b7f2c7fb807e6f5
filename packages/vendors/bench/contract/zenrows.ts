import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { documents } from "@sophia/simulators/web-corpus/corpus";
import { startZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { pino } from "pino";
import { createZenRowsClient } from "../../src/zenrows/client.ts";
import { zenrowsCorrections } from "../../src/zenrows/testing/corrections.ts";
import { driveZenRowsFetches } from "../../src/zenrows/testing/drive-client.ts";
import type { ContractRun } from "./contract-run.ts";

const apiKey = "0123456789abcdef0123456789abcdef01234567";

/** A third party's file, of Fetch only: nobody has published one of Batch. */
export const zenrowsRun: ContractRun = {
  vendor: "zenrows",
  specification: "zenrows-v1-thirdparty-openapi.yml",
  prefix: "/v1",
  specificationPrefix: "/v1",
  options: zenrowsCorrections,
  start: () => startZenRowsSimulator({ seed: 1, apiKey, latency: { scale: 0.002 } }),
  async drive(baseUrl) {
    const log = pino({ level: "silent" });
    const key = new Secret(apiKey);
    const client = createZenRowsClient({ apiKey: key, concurrency: 5, baseUrl, log, clock: systemClock });
    try {
      await driveZenRowsFetches(client, documents[0]?.url ?? "", AbortSignal.timeout(120_000));
    } finally {
      await client.close();
    }
  },
};
