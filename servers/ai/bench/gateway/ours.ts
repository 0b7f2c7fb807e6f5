/** The AI server as `main.ts` starts it, with the benchmark's upstream as its one paid provider. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createTokens } from "@sophia/core/approval/tokens";
import { PlatformSettings, toPlatformConfig } from "@sophia/core/config/platform-config";
import { createPlatform } from "@sophia/core/mcp/create-platform";
import type { Platform } from "@sophia/core/mcp/platform";
import { startServer } from "@sophia/core/mcp/start-server";
import { createLogger } from "@sophia/core/observe/log";
import { createMetrics } from "@sophia/core/observe/metrics";
import { createScrubber } from "@sophia/core/observe/scrub";
import { openStore } from "@sophia/core/store/store";
import { AiSettings } from "../../src/config.ts";
import { aiMigrations } from "../../src/migrations.ts";
import { aiServer } from "../../src/server.ts";
import { type AiTables, createAiServices } from "../../src/services.ts";

const [upstreamUrl = "", dataDir = ""] = process.argv.slice(2);
const config = toPlatformConfig(PlatformSettings.parse({ SOPHIA_DATA_DIR: dataDir }));
const scrubber = createScrubber();
const log = createLogger({ scrubber, level: "warn", server: "ai" });
const store = await openStore<AiTables>({ dataDir, migrations: aiMigrations, log });
const metrics = createMetrics({ server: "ai" });
const platform = await createPlatform({ config, log, scrubber, store, metrics });
const settings = AiSettings.parse({ SOPHIA_AI_LOCAL_MODELS: "0" });
const endpoint = { service: "openrouter", mode: "live" as const, baseUrl: `${upstreamUrl}/v1`, models: [] };
const runtime = await createAiServices(settings, platform, { endpoints: [endpoint] });
const server = await startServer({
  definition: aiServer,
  runtime,
  // Kysely's types are invariant: a platform with more tables does not count as one with fewer.
  platform: platform as unknown as Platform,
  planKey: Buffer.alloc(32, 1),
});
const token = await createTokens({ store, clock: platform.clock }).create({
  name: "bench",
  server: "ai",
  scopes: ["read", "write"],
});
const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();
process.on("message", () => {
  process.send?.({ loopDelayMs: delays.percentile(99) / 1e6 - 5 });
  delays.reset();
});
// Whoever measures has gone.
process.once("disconnect", () => process.exit(0));
const { port } = await server.listen("127.0.0.1", 0);
process.send?.({ port, bearer: token.bearer });
