import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { createJobs, type Jobs } from "../jobs/jobs.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { openStoreAt, silentLog } from "./store-engines.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

/** Workers in one process, on one SQLite store and one clock that stands still until it is moved. */
export interface JobBench {
  clock: VirtualClock;
  stores: Store<CoreTables>[];
  createWorker(given?: {
    pollMs?: number;
    log?: Logger;
    wrap?(store: Store<CoreTables>): Store<CoreTables>;
  }): Promise<Jobs>;
  stopNow(jobs: Jobs): Promise<void>;
  close(): Promise<void>;
}

export function createJobBench(startMs: number): JobBench {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-jobs-"));
  const clock = createVirtualClock(startMs);
  const stores: Store<CoreTables>[] = [];
  const started: Jobs[] = [];

  async function stopNow(jobs: Jobs): Promise<void> {
    const stopped = jobs.stop(0);
    await clock.advance(60_000);
    await stopped;
  }

  return {
    clock,
    stores,
    stopNow,
    async createWorker({ pollMs = 1_000, log = silentLog, wrap = (store: Store<CoreTables>) => store } = {}) {
      const store = await openStoreAt({ dataDir });
      stores.push(store);
      const jobs = createJobs({ store: wrap(store), clock, log, pollMs });
      started.push(jobs);
      return jobs;
    },
    async close() {
      for (const jobs of started) await stopNow(jobs);
      for (const store of stores) await store.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
