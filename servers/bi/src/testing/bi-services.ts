import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PlatformSettings, toPlatformConfig } from "@sophia/core/config/platform-config";
import { systemClock } from "@sophia/core/limits/clock";
import { type Logger, pino } from "pino";
import { BiConfig } from "../config.ts";
import { type BiServices, createBiServices } from "../services.ts";

export const quiet: Logger = pino({ level: "silent" });

export interface RunningBi {
  services: BiServices;
  dataDir: string;
  close(): Promise<void>;
}

/** The server's services on a data directory of their own (or the one given), without MCP around them. */
export async function startBi(settings: Record<string, string>, dataDir?: string): Promise<RunningBi> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), "sophia-bi-")));
  const config = toPlatformConfig(PlatformSettings.parse({ SOPHIA_DATA_DIR: directory }));
  const runtime = await createBiServices(BiConfig.parse(settings), { config, clock: systemClock, log: quiet });
  return {
    services: runtime.services,
    dataDir: directory,
    async close() {
      await runtime.close?.();
      if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until `check` gives a value; fails after `ms`. */
export async function eventually<Value>(
  check: () => Value | undefined | Promise<Value | undefined>,
  ms = 15_000,
): Promise<Value> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const value = await check();
    if (value !== undefined) return value;
    await delay(25);
  }
  throw new Error(`Nothing came within ${ms} ms.`);
}
