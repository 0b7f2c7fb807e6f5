import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { PlatformSettings, toPlatformConfig } from "../config/platform-config.ts";
import type { AppError } from "../errors/app-error.ts";
import type { PaceRequest } from "../limits/pacer.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createScrubber } from "../observe/scrub.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { openStore } from "../store/store.ts";
import { startRedis } from "../testing/peers.ts";
import { createPlatform } from "./create-platform.ts";

async function openPlatform(redisUrl?: string) {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-platform-"));
  const environment = { SOPHIA_DATA_DIR: dataDir, ...(redisUrl && { SOPHIA_REDIS_URL: redisUrl }) };
  const config = toPlatformConfig(PlatformSettings.parse(environment));
  const log = pino({ level: "silent" });
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log });
  const parts = { config, log, store, metrics: createMetrics({ server: "test" }), scrubber: createScrubber() };
  const platform = await createPlatform(parts);
  onTestFinished(async () => {
    await Promise.all([platform.pacer.close(), store.close()]);
    rmSync(dataDir, { recursive: true });
  });
  return platform;
}

/** One call of a service that takes one in ten seconds. */
function oneCall(): PaceRequest {
  const rate = { requests: 1, perMs: 10_000, capacityFraction: 1, burst: 1 };
  const row = { class: "all", rate, source: "this test" };
  const deadlineAt = performance.now() + 1_000;
  return { service: "sample", key: "sample", row, weight: 1, deadlineAt, signal: new AbortController().signal };
}

test("without Redis each process counts for itself", async () => {
  const [one, other] = [await openPlatform(), await openPlatform()];
  await one.pacer.enter(oneCall());
  await expect(one.pacer.enter(oneCall())).rejects.toMatchObject({ kind: "rate_limited" });
  await other.pacer.enter(oneCall());
});

test("with Redis all processes count together", async ({ skip }) => {
  const redis = await startRedis();
  if (!redis) return skip("no Redis");
  onTestFinished(() => redis.stop());
  const [one, other] = [await openPlatform(redis.url), await openPlatform(redis.url)];
  // Until both connections stand each counts for itself.
  const countTogether = async (key: string): Promise<string> => {
    await one.pacer.enter({ ...oneCall(), key });
    return await other.pacer.enter({ ...oneCall(), key }).then(
      () => "apart",
      (error: AppError) => error.kind,
    );
  };
  await expect.poll(() => countTogether(crypto.randomUUID()), { timeout: 5_000 }).toBe("rate_limited");
});
