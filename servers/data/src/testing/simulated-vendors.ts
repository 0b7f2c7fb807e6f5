import { Secret } from "@sophia/core/config/secret";
import { systemClock as clock } from "@sophia/core/limits/clock";
import { type ApifySimulator, startApifySimulator } from "@sophia/simulators/apify/simulator";
import { startPhantombusterSimulator } from "@sophia/simulators/phantombuster/simulator";
import { createApifyClient } from "@sophia/vendors/apify/client";
import { createPhantombusterClient } from "@sophia/vendors/phantombuster/client";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { Reached, Vendors } from "../domain/reached-vendors.ts";

const apiKey = "simulated";
const log = pino({ level: "silent" });
const quick = { latency: { medianMs: 50, sigma: 0.1 } };

/** Apify with its simulator, until the test ends. */
export async function startApify(): Promise<{
  simulator: ApifySimulator;
  apify: Reached<NonNullable<Vendors["apify"]>["client"]>;
}> {
  const simulator = await startApifySimulator({ apiKey, ...quick });
  const client = createApifyClient({ apiKey: new Secret(apiKey), baseUrl: simulator.url, log, clock });
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
  });
  return { simulator, apify: { client, mode: "simulated" } };
}

/** PhantomBuster with its simulator, until the test ends. */
export async function startPhantombuster() {
  const simulator = await startPhantombusterSimulator({ apiKey, ...quick });
  const client = createPhantombusterClient({ apiKey: new Secret(apiKey), baseUrl: simulator.url, log, clock });
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
  });
  return { simulator, phantombuster: { client, mode: "simulated" as const } };
}
