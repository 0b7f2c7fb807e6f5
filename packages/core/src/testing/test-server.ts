import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { createPlans } from "../approval/plans.ts";
import { createTokens } from "../approval/tokens.ts";
import type { Environment } from "../config/parse-config.ts";
import { PlatformSettings, toPlatformConfig } from "../config/platform-config.ts";
import { systemClock } from "../limits/clock.ts";
import { createPlatform } from "../mcp/create-platform.ts";
import type { ServerDefinition } from "../mcp/define-server.ts";
import type { Caller, Scope } from "../approval/caller.ts";
import type { HttpRoute } from "../mcp/platform.ts";
import { startServer } from "../mcp/start-server.ts";
import type { HealthCheck } from "../observe/health.ts";
import { createLogDestination } from "../observe/log-destination.ts";
import { createLogger } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createScrubber } from "../observe/scrub.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { openStore } from "../store/store.ts";

/** The key of every test server. */
export const planKey = Buffer.alloc(32, 7);

export interface TestServerOptions<Services> {
  definition: ServerDefinition<Services>;
  services: Services;
  routes?: readonly HttpRoute[];
  checks?: readonly HealthCheck[];
  environment?: Environment;
  sessions?: { maxSessions: number; idleMs: number };
  limits?: { requestsPerSecond: number; burst: number };
}

/** A whole server on a free loopback port with its store, audit and tokens in a folder of its own. */
export async function startTestServer<Services>(options: TestServerOptions<Services>) {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-test-"));
  const config = toPlatformConfig(PlatformSettings.parse({ SOPHIA_DATA_DIR: dataDir, ...options.environment }));
  const scrubber = createScrubber();
  const lines: string[] = [];
  const log = createTestLogger(options.definition.id, lines, scrubber);
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log });
  const metrics = createMetrics({ server: options.definition.id });
  const platform = await createPlatform({ config, log, scrubber, store, metrics });
  const tokens = createTokens({ store, clock: systemClock });
  const server = await startServer({
    definition: options.definition,
    runtime: { services: options.services, routes: options.routes ?? [], checks: options.checks ?? [] },
    platform,
    planKey,
    ...(options.sessions ? { sessions: options.sessions } : {}),
    limits: options.limits ?? { requestsPerSecond: 100_000, burst: 100_000 },
  });
  const http = await server.listen("127.0.0.1", 0);

  return {
    url: http.url,
    port: http.port,
    dataDir,
    platform,
    tokens,
    http,
    table: server.table,
    createServer: server.createServer,
    /** Everything logged so far, one JSON line each. */
    logLines: lines,
    async bearer(scopes: readonly Scope[] = ["read", "write"], serverId = "*"): Promise<string> {
      const created = await tokens.create({ name: `test-${crypto.randomUUID()}`, server: serverId, scopes });
      // The server looks for bearers it does not know ten times a second at most.
      await delay(120);
      return created.bearer;
    },
    /** Approves a plan as a person with an approver token would, or as `approver`. */
    async approve(planId: string, approver?: Caller): Promise<void> {
      const plans = createPlans({ store, clock: systemClock, key: planKey });
      await plans.approve(planId, approver ?? { id: "person", name: "person", scopes: ["approve"] });
    },
    async close() {
      await http.close();
      await server.close();
      await Promise.all([platform.pacer.close(), store.close()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function createTestLogger(server: string, lines: string[], scrubber: ReturnType<typeof createScrubber>): Logger {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trimEnd().split("\n"));
      done();
    },
  });
  return createLogger({ scrubber, level: "debug", server, destination: createLogDestination({ scrubber, stream }) });
}
