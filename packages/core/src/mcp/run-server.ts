import { join } from "node:path";
import type { Logger } from "pino";
import type { z } from "zod";
import { ensureKeyFile } from "../config/key-file.ts";
import { ConfigError, parseConfig, type Environment } from "../config/parse-config.ts";
import { PlatformSettings, toPlatformConfig, type PlatformConfig } from "../config/platform-config.ts";
import { AppError } from "../errors/app-error.ts";
import { createJobs } from "../jobs/jobs.ts";
import { createLedger } from "../ledger/ledger.ts";
import { systemClock } from "../limits/clock.ts";
import { createLogger } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createScrubber, type Scrubber } from "../observe/scrub.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { openStore, type MigrationSet } from "../store/store.ts";
import type { ServerDefinition } from "./define-server.ts";
import type { Platform, ServerRuntime } from "./platform.ts";
import { attachSupervisor } from "./process-lifecycle.ts";
import { startServer } from "./start-server.ts";
import { listenStdio } from "./transport/stdio-server.ts";
import { findRunningServer, proxyStdio } from "./transport/stdio-proxy.ts";

export interface RunServerOptions<Services, Tables extends CoreTables, Config extends z.ZodObject> {
  definition: ServerDefinition<Services>;
  /** The server's own variables; the platform's are added. */
  config: Config;
  /** Variables that other parts of the same environment read, so that they are not called unknown. */
  migrations: readonly MigrationSet[];
  createServices(config: z.output<Config>, platform: Platform<Tables>): Promise<ServerRuntime<Services>>;
  environment: Environment;
  arguments: readonly string[];
}

const exitConfiguration = 78;
const graceMs = 10_000;

/**
 * The life of one server process: configuration, store, services, transport, drain. Exits 78 on a wrong configuration
 * and 1 on any other failure to start, each with one message that names the cause and the fix.
 */
export async function runServer<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
): Promise<void> {
  const scrubber = createScrubber();
  try {
    const { settings, config } = readConfig(options, scrubber);
    const log = createLogger({ scrubber, level: config.logLevel, server: options.definition.id });
    if (options.arguments.includes("--stdio")) await runStdio(options, { settings, config, log, scrubber });
    else await runHttp(options, { settings, config, log, scrubber });
  } catch (thrown) {
    process.stderr.write(`${scrubber.scrub(startFailure(thrown))}\n`);
    process.exitCode = thrown instanceof ConfigError ? exitConfiguration : 1;
    // Whatever was half started holds the process open; the message is out.
    setTimeout(() => process.exit(), 250).unref();
  }
}

interface Started<Config extends z.ZodObject> {
  settings: z.output<Config>;
  config: PlatformConfig;
  log: Logger;
  scrubber: Scrubber;
}

function readConfig<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  scrubber: Scrubber,
): { settings: z.output<Config>; config: PlatformConfig } {
  const parsed: unknown = parseConfig([PlatformSettings, options.config], options.environment, { scrubber });
  // parseConfig merges the outputs of both schemas into one object.
  const settings = parsed as z.output<Config> & PlatformSettings;
  return { settings, config: toPlatformConfig(settings) };
}

async function openPlatform<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
): Promise<Platform<Tables>> {
  const { config, log, scrubber } = started;
  const store = await openStore<Tables>({
    dataDir: config.dataDir,
    ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : {}),
    migrations: options.migrations,
    log,
  });
  return {
    config,
    clock: systemClock,
    log,
    scrubber,
    store,
    metrics: createMetrics({ server: options.definition.id }),
    ledger: createLedger({ store, clock: systemClock }),
    jobs: createJobs({ store, log, clock: systemClock }),
  };
}

async function runHttp<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
): Promise<void> {
  const { config, log } = started;
  const port = portOf(config, options.definition.id);
  const platform = await openPlatform(options, started);
  const runtime = await options.createServices(started.settings, platform);
  const server = await startServer({
    definition: options.definition,
    runtime,
    platform: withoutOwnTables(platform),
    planKey: ensureKeyFile(join(config.dataDir, "plan-key"), newKey),
  });
  const http = await server.listen(config.host, port);
  platform.jobs.start();
  log.info({ url: http.url }, `${options.definition.title} is ready`);
  attachSupervisor({
    log,
    ready: { type: "ready", server: options.definition.id, port: http.port, url: http.url, pid: process.pid },
    async shutdown() {
      await Promise.all([http.drain(graceMs), platform.jobs.stop(graceMs)]);
      await server.close();
      await runtime.close?.();
      await platform.store.close();
    },
  });
}

async function runStdio<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
): Promise<void> {
  const { config, log } = started;
  const running = await findRunningServer(config, options.definition.id, portOf(config, options.definition.id));
  if (running) {
    await proxyStdio({ ...running, input: process.stdin, output: process.stdout });
    return;
  }
  const platform = await openPlatform(options, started);
  const runtime = await options.createServices(started.settings, platform);
  const server = await startServer({
    definition: options.definition,
    runtime,
    platform: withoutOwnTables(platform),
    planKey: ensureKeyFile(join(config.dataDir, "plan-key"), newKey),
  });
  platform.jobs.start();
  await listenStdio(server.createServer, log);
  await platform.jobs.stop(graceMs);
  await server.close();
  await runtime.close?.();
  await platform.store.close();
}

/** A store with more tables is a store of core's tables; Kysely's types are invariant and cannot say so. */
function withoutOwnTables<Tables extends CoreTables>(platform: Platform<Tables>): Platform {
  return platform as unknown as Platform;
}

function newKey(): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
}

function portOf(config: PlatformConfig, id: string): number {
  const ports: Record<string, number> = config.ports;
  const port = ports[id];
  if (port === undefined) throw new AppError("internal", `There is no port for the server ${id}.`);
  return port;
}

function startFailure(thrown: unknown): string {
  if (thrown instanceof ConfigError) return thrown.message;
  if (thrown instanceof AppError)
    return thrown.hint === undefined ? thrown.message : `${thrown.message} ${thrown.hint}`;
  if (thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE") {
    return "The port is taken by another program. Stop it, or choose another port with SOPHIA_PORT_….";
  }
  return `The server could not start: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : "unknown cause"}`;
}
