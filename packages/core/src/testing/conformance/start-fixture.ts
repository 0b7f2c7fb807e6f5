import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createPlans } from "../../approval/plans.ts";
import { createCallerLimiter } from "../../limits/caller-limiter.ts";
import { systemClock } from "../../limits/clock.ts";
import { createMcp } from "../../mcp/create-mcp.ts";
import type { Caller } from "../../approval/caller.ts";
import { createResultShelf } from "../../mcp/result-shelf.ts";
import { listenHttp } from "../../mcp/transport/http-server.ts";
import { openAudit } from "../../observe/audit.ts";
import { createMetrics } from "../../observe/metrics.ts";
import { createScrubber } from "../../observe/scrub.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import { openStore } from "../../store/store.ts";
import { fixtureServer } from "./fixture-server.ts";

export interface Fixture {
  url: string;
  close(): Promise<void>;
}

const maxBodyBytes = 4 * 1024 * 1024;
/** The suites send no bearer: everybody is this caller. */
const anybody: Caller = { id: "suite", name: "suite", scopes: ["read", "write"] };

/** The fixture server over the product's own pipeline and transports; only the bearer is not asked for. */
export async function startFixture(options: { sessions: boolean }): Promise<Fixture> {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-fixture-"));
  const log = pino({ level: "silent" });
  const clock = systemClock;
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log });
  const audit = await openAudit({ directory: join(dataDir, "audit"), writer: "fixture", log, clock });
  const metrics = createMetrics({ server: "fixture" });
  const mcp = createMcp({
    definition: fixtureServer,
    services: {
      publish(kind: "tools" | "prompts"): void {
        if (kind === "tools") notify.toolsChanged();
        else notify.promptsChanged();
      },
    },
    version: "1.0.0",
    readOnly: false,
    maxBodyBytes,
    limiter: createCallerLimiter({ clock }),
    audit,
    plans: createPlans({ store, clock, key: Buffer.alloc(32, 1) }),
    shelf: createResultShelf(store, clock),
    metrics,
    scrubber: createScrubber(),
    log,
    clock,
    logging: true,
    listsChange: true,
    withCoreTools: false,
    ...(options.sessions ? { sessions: { maxSessions: 100, idleMs: 60_000 } } : {}),
  });
  const { notify } = mcp;
  const healthy = async () => ({ ok: true, body: {} });
  const http = await listenHttp(
    {
      mcp: mcp.endpoint,
      routes: [],
      allowedHosts: [],
      maxBodyBytes,
      maxConnections: 500,
      authenticate: async () => anybody,
      recordFailure: () => true,
      health: { "/livez": healthy, "/readyz": healthy, "/healthz": healthy },
      metrics,
      onRefusal: () => {},
      newRequestId: mcp.newRequestId,
      standing: mcp.standing,
      endStreams: mcp.close,
      log,
    },
    "127.0.0.1",
    0,
  );
  return {
    url: http.url.replace("127.0.0.1", "localhost"),
    async close() {
      await http.close();
      await mcp.close();
      await audit.close();
      await store.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
