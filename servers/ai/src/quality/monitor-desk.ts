import { AppError } from "@sophia/core/errors/app-error";
import { Secret } from "@sophia/core/config/secret";
import type { HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import { createMonitorsClient, type MonitorsClient } from "@sophia/vendors/arize/monitors-client";
import type { ArizePlace } from "@sophia/vendors/arize/place";
import type { Logger } from "pino";

/** Arize's monitors, wherever they are: at Arize, simulated, or nowhere. */
export interface MonitorDesk {
  mode: "live" | "simulated" | "off";
  /** The project that model calls are traced into. */
  project: string;
  /** Throws AppError `not_configured` with the way to change it. */
  client(): Promise<MonitorsClient>;
  close(): Promise<void>;
}

export interface MonitorDeskOptions {
  place: ArizePlace | undefined;
  project: string;
  simulate: boolean;
  log: Logger;
  clock: Clock;
  observer: HttpObserver;
}

interface Opened {
  client: MonitorsClient;
  close(): Promise<void>;
}

export function createMonitorDesk({ place, project, simulate, ...options }: MonitorDeskOptions): MonitorDesk {
  const cloud = place?.kind === "cloud" ? place : undefined;
  const mode = cloud ? "live" : simulate && !place ? "simulated" : "off";
  let opened: Promise<Opened> | undefined;

  async function open(): Promise<Opened> {
    if (cloud) {
      const client = createMonitorsClient({ ...options, ...cloud, baseUrl: cloud.graphBaseUrl });
      return { client, close: () => client.close() };
    }
    if (mode === "off") throw notConfigured();
    // Loaded at run time only, and optional: no server contains a simulator.
    // oxlint-disable-next-line no-restricted-imports
    const simulators = await import("@sophia/simulators/arize/simulator").catch(() => undefined);
    if (!simulators) throw notConfigured();
    const simulator = await simulators.startArizeSimulator({ apiKey: simulatedKey, spaceId: "simulated" });
    const apiKey = new Secret(simulatedKey);
    const client = createMonitorsClient({ ...options, apiKey, spaceId: simulator.spaceId, baseUrl: simulator.url });
    return {
      client,
      async close() {
        await client.close();
        await simulator.close();
      },
    };
  }

  return {
    mode,
    project,
    async client() {
      opened ??= open();
      return (await opened).client;
    },
    async close() {
      const known = await opened?.catch(() => undefined);
      await known?.close();
    },
  };
}

const simulatedKey = "simulated-key";

function notConfigured(): AppError {
  return new AppError("not_configured", "Monitors are kept by Arize, which is not configured here.", {
    hint: "Set ARIZE_API_KEY and ARIZE_SPACE_ID (https://app.arize.com). check_models finds drift without it.",
    service: "arize",
  });
}
