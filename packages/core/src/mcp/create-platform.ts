import { createJobs } from "../jobs/jobs.ts";
import { createLedger } from "../ledger/ledger.ts";
import { systemClock, type Clock } from "../limits/clock.ts";
import { createMemoryLimitStore, type LimitStore } from "../limits/limit-store.ts";
import { createPacer } from "../limits/pacer.ts";
import type { SecretUse } from "../config/secret-use.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Platform } from "./platform.ts";

type PlatformParts<Tables extends CoreTables> = Pick<
  Platform<Tables>,
  "config" | "log" | "metrics" | "scrubber" | "store" | "secrets"
> & { onRedisUse?: SecretUse };

/** What core builds over an open store. */
export async function createPlatform<Tables extends CoreTables>({
  onRedisUse,
  ...parts
}: PlatformParts<Tables>): Promise<Platform<Tables>> {
  const clock = systemClock;
  const { log, store } = parts;
  return {
    ...parts,
    clock,
    ledger: createLedger({ store, clock }),
    jobs: createJobs({ store, log, clock }),
    pacer: createPacer({
      store: await createLimitStore({ ...parts, ...(onRedisUse && { onRedisUse }) }, clock),
      clock,
    }),
  };
}

async function createLimitStore<Tables extends CoreTables>(
  { config, log, onRedisUse }: PlatformParts<Tables>,
  clock: Clock,
): Promise<LimitStore> {
  if (!config.redisUrl) return createMemoryLimitStore({ clock });
  // Loaded only where it is wanted: the client costs each server 6 MB.
  const { createRedisLimitStore } = await import("../limits/redis-limit-store.ts");
  return createRedisLimitStore({ url: config.redisUrl, clock, log, ...(onRedisUse && { onUse: onRedisUse }) });
}
