import { Secret } from "@sophia/core/config/secret";
import { createHuggingFaceProfile } from "@sophia/vendors/huggingface/provider";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { ProviderProfile } from "@sophia/vendors/openai-shape/provider-profile";
import { openrouterProvider } from "@sophia/vendors/openrouter/provider";
import { createPortkeyProfile } from "@sophia/vendors/portkey/provider";
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
  const [openrouter, together, huggingface, portkey] = packages;
  const started = await Promise.all([
    startAs(openrouterProvider, openrouter.startOpenRouterSimulator({ apiKey: key, credits: 1_000 })),
    startAs(togetherProvider, together.startTogetherSimulator({ apiKey: key })),
    startAs(createHuggingFaceProfile(), huggingface.startHuggingFaceSimulator({ token: key })),
    startAs(createPortkeyProfile(), portkey.startPortkeySimulator({ apiKey: key })),
  ]);
  return {
    endpoints: started.map(({ profile, url }) => {
      const { service } = profile;
      return { service, mode: "simulated", baseUrl: url, apiKey: new Secret(key), models: [], profile };
    }),
    async close() {
      await Promise.all(started.map((simulator) => simulator.close()));
    },
  };
}

async function startAs(
  profile: ProviderProfile,
  starting: Promise<{ url: string; close(): Promise<void> }>,
): Promise<{ profile: ProviderProfile; url: string; close(): Promise<void> }> {
  const { url, close } = await starting;
  return { profile, url, close };
}

/** Loaded at run time only, and optional: images for production leave the package out. */
async function loadSimulators() {
  try {
    return await Promise.all([
      // oxlint-disable-next-line no-restricted-imports
      import("@sophia/simulators/openrouter/simulator"),
      // oxlint-disable-next-line no-restricted-imports
      import("@sophia/simulators/together/simulator"),
      // oxlint-disable-next-line no-restricted-imports
      import("@sophia/simulators/huggingface/simulator"),
      // oxlint-disable-next-line no-restricted-imports
      import("@sophia/simulators/portkey/simulator"),
    ]);
  } catch {
    return undefined;
  }
}
