import type { Logger } from "pino";
import type { z } from "zod";
import { ensurePlanKey } from "../approval/plan-key.ts";
import { ConfigError, type Environment } from "../config/parse-config.ts";
import { findPortOwner } from "../config/port-owner.ts";
import type { PlatformConfig } from "../config/platform-config.ts";
import { portTaken, toStartError } from "../config/start-errors.ts";
import { AppError } from "../errors/app-error.ts";
import { createLogDestination } from "../observe/log-destination.ts";
import { createLogger } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { startTelemetry } from "../observe/otlp-telemetry.ts";
import { createScrubber, type Scrubber } from "../observe/scrub.ts";
import { type ServerSecrets, SecretUses } from "../secrets/settings/secret-consumers.ts";
import {
  createServerReports,
  createSettingsFollower,
  readServerSettings,
  type ServerSettings,
} from "../secrets/settings/server-settings.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { prepareDataDir } from "../store/sqlite-file.ts";
import { openStore, type MigrationSet } from "../store/store.ts";
import { createPlatform } from "./create-platform.ts";
import type { ServerDefinition } from "./define-server.ts";
import type { Platform, ServerRuntime } from "./platform.ts";
import { attachSupervisor } from "./process-lifecycle.ts";
import { maxBodyBytes, startServer } from "./start-server.ts";
import { packageVersion } from "./version.ts";
import { StdioProcess } from "./transport/stdio-process.ts";
import { StdioProxy } from "./transport/stdio-proxy.ts";
import { findRunningServer } from "./transport/stdio-running-server.ts";
import { createStdioServer } from "./transport/stdio-server.ts";

export interface RunServerOptions<Services, Tables extends CoreTables, Config extends z.ZodObject> {
  definition: ServerDefinition<Services>;
  /** The server's own variables; the platform's are added. */
  config: Config;
  /** Variables that other parts of the same environment read, so that they are not called unknown. */
  migrations: readonly MigrationSet[];
  createServices(config: z.output<Config>, platform: Platform<Tables>): Promise<ServerRuntime<Services>>;
  environment: Environment;
  arguments: readonly string[];
  /** Where secrets come from, beside the process environment. */
  secrets?: ServerSecrets;
  /** Overrides for tests. */
  limits?: { requestsPerSecond: number; burst: number };
}

const exitConfiguration = 78;
const graceMs = 10_000;
/** Nobody waits for the jobs of a client that is gone: their leases hand them on. */
const stdioGraceMs = 1_000;

/**
 * The life of one server process: configuration, store, services, transport, drain. Exits 78 on a wrong configuration
 * and 1 on any other failure to start, each with one message that names the cause and the fix.
 */
export async function runServer<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
): Promise<void> {
  const scrubber = createScrubber();
  let dataDir: string | undefined;
  try {
    const server = options.definition.id;
    const { openCloud } = options.secrets ?? {};
    const read = await readServerSettings({ ...options, server, scrubber, ...(openCloud && { openCloud }) });
    const { settings, config } = read;
    ({ dataDir } = config);
    const destination = createLogDestination({ scrubber });
    const log = createLogger({ scrubber, level: config.logLevel, server, destination });
    const metrics = createMetrics({ server, processMetrics: true });
    metrics.count("sophia_log_lines_lost_total", "Log lines that nobody read in time.", destination.dropped);
    const started = { settings, config, log, scrubber, metrics, read, uses: new SecretUses() };
    if (options.arguments.includes("--stdio")) await runStdio(options, started);
    else await runHttp(options, started);
  } catch (thrown) {
    const { message, exitCode } = describeStartFailure(toStartError(thrown, dataDir));
    process.stderr.write(`${scrubber.scrub(message)}\n`);
    process.exitCode = exitCode;
    // Whatever was half started holds the process open; the message is out.
    setTimeout(() => process.exit(), 250).unref();
  }
}

interface Started<Config extends z.ZodObject> {
  settings: z.output<Config>;
  config: PlatformConfig;
  log: Logger;
  scrubber: Scrubber;
  metrics: Metrics;
  read: ServerSettings<Config>;
  uses: SecretUses;
}

async function openPlatform<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
): Promise<Platform<Tables>> {
  const { config, log, scrubber, metrics, uses } = started;
  prepareDataDir(config.dataDir);
  const store = await openStore<Tables>({
    dataDir: config.dataDir,
    ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : {}),
    migrations: options.migrations,
    log,
    onDatabaseUse: uses.of(config.databaseUrl),
  });
  const secrets = started.read.source?.secrets.store;
  const parts = { config, log, scrubber, store, metrics, onRedisUse: uses.of(config.redisUrl) };
  return await createPlatform({ ...parts, ...(secrets && { secrets }) });
}

/** Everything behind a transport. */
async function openServer<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
) {
  const platform = await openPlatform(options, started);
  const { config, log, metrics } = started;
  const telemetry = await startTelemetry({
    endpoint: config.otlpEndpoint,
    headers: config.otlpHeaders,
    server: options.definition.id,
    version: packageVersion,
    log,
    clock: platform.clock,
    metrics,
  });
  const runtime = await options.createServices(started.settings, platform);
  const follower = createSettingsFollower(started.read, platform);
  const consumer = {
    ...withoutOwnTables(platform),
    places: options.secrets?.places ?? [],
    server: options.definition.id,
  };
  const reports = createServerReports(started, consumer);
  const server = await startServer({
    definition: options.definition,
    runtime: follower ? { ...runtime, checks: [...(runtime.checks ?? []), follower.check] } : runtime,
    platform: withoutOwnTables(platform),
    planKey: ensurePlanKey(config.dataDir),
    ...(options.limits ? { limits: options.limits } : {}),
  });
  follower?.start(async (variables) => {
    await server.takeReplaced(variables);
    await reports?.report();
  });
  reports?.start();
  return {
    server,
    jobs: platform.jobs,
    async close() {
      await Promise.all([follower?.close(), reports?.stop()]);
      await server.close();
      await runtime.close?.();
      await Promise.all([telemetry.close(), platform.pacer.close(), platform.store.close()]);
    },
  };
}

async function runHttp<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
): Promise<void> {
  const { config, log } = started;
  const port = portOf(config, options.definition.id);
  // Before anything is opened: a server without its port leaves nothing half made.
  const owner = await findPortOwner(config.host, port);
  if (owner.taken) throw portTaken(port, owner.description);
  const { server, jobs, close } = await openServer(options, started);
  const http = await server.listen(config.host, port);
  jobs.start();
  log.info({ url: http.url }, `${options.definition.title} is ready`);
  attachSupervisor({
    log,
    ready: { type: "ready", server: options.definition.id, port: http.port, url: http.url, pid: process.pid },
    async shutdown() {
      await Promise.all([http.drain(graceMs), jobs.stop(graceMs)]);
      await close();
    },
  });
}

async function runStdio<Services, Tables extends CoreTables, Config extends z.ZodObject>(
  options: RunServerOptions<Services, Tables, Config>,
  started: Started<Config>,
): Promise<void> {
  const { config, log } = started;
  const client = new StdioProcess(log);
  const { id } = options.definition;
  const running = await findRunningServer({ config, id, port: portOf(config, id), log });
  if (running) {
    await client.serve(new StdioProxy(running, client.writer, log), maxBodyBytes);
    return;
  }
  const { server, jobs, close } = await openServer(options, started);
  jobs.start();
  await client.serve(createStdioServer(server.createServer, client.writer, log), maxBodyBytes);
  await jobs.stop(stdioGraceMs);
  await close();
}

/** A store with more tables is a store of core's tables; Kysely's types are invariant and cannot say so. */
function withoutOwnTables<Tables extends CoreTables>(platform: Platform<Tables>): Platform {
  return platform as unknown as Platform;
}

function portOf(config: PlatformConfig, id: string): number {
  const ports: Record<string, number> = config.ports;
  const port = ports[id];
  if (port === undefined) throw new AppError("internal", `There is no port for the server ${id}.`);
  return port;
}

function describeStartFailure(thrown: unknown): { message: string; exitCode: number } {
  if (thrown instanceof ConfigError) return { message: thrown.message, exitCode: exitConfiguration };
  if (thrown instanceof AppError) {
    const message = thrown.hint === undefined ? thrown.message : `${thrown.message} ${thrown.hint}`;
    return { message, exitCode: thrown.kind === "not_configured" ? exitConfiguration : 1 };
  }
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : "unknown cause";
  return { message: `The server could not start: ${detail}`, exitCode: 1 };
}
