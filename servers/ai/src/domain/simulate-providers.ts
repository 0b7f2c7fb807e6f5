import { Secret } from "@sophia/core/config/secret";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { openrouterProvider } from "@sophia/vendors/openrouter/provider";
import { togetherProvider } from "@sophia/vendors/together/provider";
import type { Logger } from "pino";

export interface SimulatedProviders {
  /** Empty where images leave the simulators out. */
  endpoints: ModelEndpoint[];
  close(): Promise<void>;
}

const key = "simulated";

/**
 * The simulated providers in this process, for when nothing real is at hand and simulation is allowed. They are spoken
 * to as the real ones, profile and all.
 */
export async function simulateProviders(log: Logger): Promise<SimulatedProviders> {
  const packages = await loadSimulators();
  if (!packages) {
    log.warn("simulation is allowed, but the simulators are not installed");
    return { endpoints: [], close: () => Promise.resolve() };
  }
  const [openrouter, together] = packages;
  const simulators = await Promise.all([
    openrouter.startOpenRouterSimulator({ apiKey: key, credits: 1_000 }),
    together.startTogetherSimulator({ apiKey: key }),
  ]);
  const profiles = [openrouterProvider, togetherProvider];
  return {
    endpoints: simulators.map(({ url }, index) => {
      const profile = profiles[index] ?? openrouterProvider;
      const { service } = profile;
      return { service, mode: "simulated", baseUrl: url, apiKey: new Secret(key), models: [], profile };
    }),
    async close() {
      await Promise.all(simulators.map((simulator) => simulator.close()));
    },
  };
}

/** Loaded at run time only, and optional: images for production leave the package out. */
async function loadSimulators() {
  try {
    return await Promise.all([
      // oxlint-disable-next-line no-restricted-imports
      import("@sophia/simulators/openrouter/simulator"),
      // oxlint-disable-next-line no-restricted-imports
      import("@sophia/simulators/together/simulator"),
    ]);
  } catch {
    return undefined;
  }
}
