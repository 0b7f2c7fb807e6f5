/** Sophia's whole pipeline: guards, bearer, limits, both schemas, audit on disk, metrics. */
import { z } from "zod";
import { PlatformSettings, toPlatformConfig } from "../../src/config/platform-config.ts";
import { systemClock } from "../../src/limits/clock.ts";
import { createPlatform } from "../../src/mcp/create-platform.ts";
import { defineServer } from "../../src/mcp/define-server.ts";
import { defineTool, Source, type ToolContext } from "../../src/mcp/define-tool.ts";
import { startServer } from "../../src/mcp/start-server.ts";
import { createTokens } from "../../src/approval/tokens.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createScrubber } from "../../src/observe/scrub.ts";
import type { CoreTables } from "../../src/store/core-tables.ts";
import { openStore } from "../../src/store/store.ts";
import { description, echo, inputShape, toolNames } from "./tools.ts";

const tools = toolNames.map((name) =>
  defineTool({
    name,
    title: name,
    description,
    effect: "read",
    input: z.strictObject(inputShape),
    output: z.object({ text: z.string(), source: Source }),
    run: async (input, _context: ToolContext<unknown>) => ({
      text: echo(input),
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    }),
  }),
);
const definition = defineServer({
  id: "bench",
  title: "Bench",
  instructions: "Benchmark server.",
  direct: tools,
  longTail: [],
  prompts: [],
});

const [dataDir = ""] = process.argv.slice(2);
const config = toPlatformConfig(PlatformSettings.parse({ SOPHIA_DATA_DIR: dataDir }));
const scrubber = createScrubber();
const log = createLogger({ scrubber, level: "warn", server: "bench" });
const store = await openStore<CoreTables>({ dataDir, migrations: [], log });
const { bearer } = await createTokens({ store, clock: systemClock }).create({
  name: "bench",
  server: "*",
  scopes: ["read", "write"],
});
scrubber.register(bearer, "bench");
const server = await startServer({
  definition,
  runtime: { services: {} },
  planKey: Buffer.alloc(32, 1),
  platform: await createPlatform({ config, log, scrubber, store, metrics: createMetrics({ server: "bench" }) }),
  limits: { requestsPerSecond: 1_000_000, burst: 1_000_000 },
});
const { port } = await server.listen("127.0.0.1", 0);
process.send?.({ port, bearer });
