import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { PlatformConfig } from "../config/platform-config.ts";
import type { Clock } from "../limits/clock.ts";
import type { Pacer } from "../limits/pacer.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { HealthCheck } from "../observe/health.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Scrubber } from "../observe/scrub.ts";
import type { SecretStore } from "../secrets/settings/secret-store.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import type { Caller } from "../approval/caller.ts";

/** What core gives every server when it starts. Services are built from it once. */
export interface Platform<Tables extends CoreTables = CoreTables> {
  config: PlatformConfig;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  scrubber: Scrubber;
  store: Store<Tables>;
  ledger: Ledger;
  jobs: Jobs;
  /** For every client of a vendor: what it counts holds over all of them, and with Redis over all processes. */
  pacer: Pacer;
  /** The environments of secrets, as far as this server's key opens them. Undefined where there was no store at start. */
  secrets?: SecretStore;
}

/** An HTTP route beside `/mcp`, behind the same guards, size limit and bearer. */
export interface HttpRoute {
  method: "GET" | "POST";
  path: string;
  handle(exchange: {
    request: IncomingMessage;
    response: ServerResponse;
    /** The whole body, already limited in size. */
    body: Buffer;
    caller: Caller;
    requestId: string;
    /** Aborts when the client goes away. */
    signal: AbortSignal;
  }): Promise<void>;
}

/** What a server's `createServices` returns. */
export interface ServerRuntime<Services> {
  services: Services;
  routes?: readonly HttpRoute[];
  checks?: readonly HealthCheck[];
  close?(): Promise<void>;
}
