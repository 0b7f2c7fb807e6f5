import { Secret } from "@sophia/core/config/secret";
import type { Logger } from "pino";
import type { VendorName } from "../domain/reached-vendors.ts";

/** Of the others, something on this machine does the job. */
type SimulatedName = Extract<VendorName, "apify" | "phantombuster" | "tavily">;

/** Where a simulator listens, and the key it takes. */
export interface SimulatedPlace {
  apiKey: Secret;
  baseUrl: string;
  batchUrl?: string;
}

export interface SimulatedVendors {
  /** Empty where images leave the simulators out. */
  places: ReadonlyMap<VendorName, SimulatedPlace>;
  close(): Promise<void>;
}

const apiKey = "simulated";
/** Nobody waits a minute for a run that is made up: a fifth of the vendors' own times. */
const latency = { scale: 0.2 };

/** The simulated vendors in this process, spoken to as the real ones. */
export async function simulateVendors(names: readonly SimulatedName[], log: Logger): Promise<SimulatedVendors> {
  const closing: (() => Promise<void>)[] = [];
  const places = new Map<VendorName, SimulatedPlace>();
  for (const name of names) {
    try {
      const { url, batchUrl, close } = await starters[name]();
      closing.push(close);
      places.set(name, { apiKey: new Secret(apiKey), baseUrl: url, ...(batchUrl !== undefined && { batchUrl }) });
    } catch (error) {
      log.warn({ err: error, service: name }, "simulation is allowed, but the simulator is not installed");
    }
  }
  return {
    places,
    async close() {
      await Promise.all(closing.map((close) => close()));
    },
  };
}

interface Started {
  url: string;
  batchUrl?: string;
  close(): Promise<void>;
}

/** Loaded at run time only, and optional: images for production leave the package out. */
const starters: Readonly<Record<SimulatedName, () => Promise<Started>>> = {
  async apify() {
    // oxlint-disable-next-line no-restricted-imports
    const { startApifySimulator } = await import("@sophia/simulators/apify/simulator");
    return await startApifySimulator({ apiKey, latency });
  },
  async phantombuster() {
    // oxlint-disable-next-line no-restricted-imports
    const { startPhantombusterSimulator } = await import("@sophia/simulators/phantombuster/simulator");
    return await startPhantombusterSimulator({ apiKey, latency });
  },
  async tavily() {
    // oxlint-disable-next-line no-restricted-imports
    const { startTavilySimulator } = await import("@sophia/simulators/tavily/simulator");
    return await startTavilySimulator({ apiKey, latency });
  },
};
