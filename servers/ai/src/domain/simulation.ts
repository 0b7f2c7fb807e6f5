import type { Logger } from "pino";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";

export interface Simulation {
  endpoint: ModelEndpoint;
  close(): Promise<void>;
}

/**
 * The simulated provider in this process, for when nothing real is at hand and simulation is allowed. Images for
 * production leave its package out; then there is none.
 */
export async function startSimulation(log: Logger): Promise<Simulation | undefined> {
  // Loaded at run time only, and optional: no server contains a simulator.
  // oxlint-disable-next-line no-restricted-imports
  const simulators = await import("@sophia/simulators/openai/simulator").catch(() => undefined);
  if (!simulators) {
    log.warn("simulation is allowed, but the simulators are not installed");
    return undefined;
  }
  const simulator = await simulators.startOpenAiSimulator({ seed: 1 });
  return {
    endpoint: { service: "simulator", mode: "simulated", baseUrl: simulator.url, models: [] },
    close: () => simulator.close(),
  };
}
