import { join } from "node:path";
import { Writable } from "node:stream";
import { ensurePlanKey } from "@sophia/core/approval/plan-key";
import { checkDataDir } from "@sophia/core/config/check-data-dir";
import { findPortOwner } from "@sophia/core/config/port-owner";
import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import { serverNodeFlags } from "@sophia/core/mcp/node-flags";
import { inheritedCredential } from "@sophia/core/secrets/settings/credential-file";
import { openAuditSigner } from "@sophia/core/observe/audit-keys";
import { createLogger } from "@sophia/core/observe/log";
import { createLogDestination } from "@sophia/core/observe/log-destination";
import { takeDataLock } from "@sophia/core/store/data-lock";
import { prepareDataDir } from "@sophia/core/store/sqlite-file";
import { computeModes } from "@sophia/vendors/registry";
import type { ServiceStatus } from "@sophia/vendors/registry";
import type { Logger } from "pino";
import { buildServerEnvironment } from "../load-config.ts";
import { makeServerCredentials } from "../server-credentials.ts";
import type { ServerEntry } from "../server-list.ts";
import { findServerMain, selectServers } from "../server-list.ts";
import { defaultLimits } from "../supervisor/restart-policy.ts";
import type { ServerSpec, ServerStatus } from "../supervisor/server-process.ts";
import { startRotationWorker } from "../secrets/rotation-worker.ts";
import { handleStopSignals } from "../supervisor/stop-signals.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { createSupervisor, isGivenUp } from "../supervisor/supervisor.ts";
import { recordCrash } from "./audit.ts";
import type { CommandContext } from "./command-context.ts";
import { findFacts } from "./find-facts.ts";
import { makeFirstTokens } from "./first-tokens.ts";
import { createServerLog } from "./server-log.ts";
import type { ServerLog } from "./server-log.ts";
import { createUpView } from "./up-view.ts";
import type { UpView } from "./up-view.ts";
import { writeGivenUpAlert } from "./given-up-alert.ts";

export interface UpOptions {
  /** Ids of the servers to run; empty for those of SOPHIA_SERVERS, or all. */
  only: readonly string[];
  json: boolean;
}

/** Starts the servers and keeps them alive until it is told to stop. Resolves with the exit code. */
export async function runUp(context: CommandContext, options: UpOptions): Promise<number> {
  const { config, terminal } = context;
  const servers = selectServers(options.only.length > 0 ? options.only : config.servers);
  const ids = servers.map(({ id }) => id);
  for (const warning of config.warnings) terminal.note(`Note: ${warning}`);
  prepareDataDir(config.platform.dataDir);
  checkDataDir(config.platform.dataDir);
  const lock = takeDataLock(config.platform.dataDir, ids, "sophia up");
  try {
    await refuseTakenPorts(context, servers);
    // Each server would stop at a damaged key by itself, the others having started.
    ensurePlanKey(config.platform.dataDir);
    openAuditSigner(config.auditDirectory);
    const view = createUpView({ terminal, servers, config, json: options.json });
    view.tokens(await makeFirstTokens(context));
    const allGivenUp = Promise.withResolvers<void>();
    const credentials = await makeServerCredentials(context, ids);
    const serverLog = createServerLog({ interactive: terminal.interactive, dataDir: config.platform.dataDir });
    const log = terminal.interactive ? createFileLogger(context, serverLog) : context.log;
    const supervisor = createSupervisor({
      servers: servers.map((server) => describeServer(context, server, credentials.get(server.id))),
      limits: defaultLimits,
      log,
      execPath: process.execPath,
      scrub: (text) => config.scrubber.scrub(text),
      onChange: (status) => view.change(status),
      onStderr: (id, chunk) => serverLog.write(id, chunk),
      onCrash: (id, reason) => void recordCrash(context, id, reason),
      onGivenUp: (status) => {
        void writeGivenUpAlert(context, status);
        if (supervisor.status().every(isGivenUp)) allGivenUp.resolve();
      },
    });
    const exitCode = waitForStop(supervisor, view);
    const [statuses, services] = await Promise.all([supervisor.start(), findModes(context)]);
    if (statuses.every((status) => status.state === "stopped")) return await exitCode;
    const failure = findFailure(statuses);
    if (failure !== undefined) {
      view.fail(statuses);
      await supervisor.stop();
      return failure;
    }
    view.ready(supervisor.status(), { services, logFolder: serverLog.folder });
    return await superviseRotations({ ...context, log }, () =>
      // With nothing left to watch, whoever started this (Docker, systemd, a person) has to learn of it.
      Promise.race([exitCode, allGivenUp.promise.then(() => endGivenUp(supervisor, view))]),
    );
  } finally {
    lock.release();
  }
}

/** Carries rotations out beside the servers, for as long as they run. */
async function superviseRotations(context: CommandContext, run: () => Promise<number>): Promise<number> {
  const worker = await startRotationWorker(context);
  const exitCode = await run();
  // A second signal wants the end at once; leases hand the work on.
  await worker?.stop({ atOnce: exitCode > 128 });
  return exitCode;
}

async function findModes(context: CommandContext): Promise<ServiceStatus[]> {
  const { platform, services: config } = context.config;
  return computeModes({ config, facts: await findFacts(context), simulate: platform.simulate });
}

function endGivenUp(supervisor: Supervisor, view: UpView): number {
  const statuses = supervisor.status();
  view.fail(statuses);
  return findFailure(statuses) ?? 1;
}

/** On a terminal a person reads the view; the same in JSON belongs to the servers' log files. */
function createFileLogger({ config }: CommandContext, serverLog: ServerLog): Logger {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      serverLog.write("up", chunk);
      done();
    },
  });
  const { scrubber, platform } = config;
  const destination = createLogDestination({ scrubber, stream });
  return createLogger({ scrubber, level: platform.logLevel, server: "cli", destination });
}

/** Before anything is started: a server without its port would leave the others half a system. */
async function refuseTakenPorts({ config }: CommandContext, servers: readonly ServerEntry[]): Promise<void> {
  const { host, ports } = config.platform;
  const taken: string[] = [];
  for (const { id, title } of servers) {
    // Throws when nobody at all can listen there: the same would be said of every port.
    const owner = await findPortOwner(host, ports[id]);
    if (owner.taken) taken.push(`Port ${ports[id]} of ${title} is taken by ${owner.description}.`);
  }
  if (taken.length === 0) return;
  const variables = servers.map(({ id }) => `SOPHIA_PORT_${id.toUpperCase()}`).join(", ");
  throw new AppError("unavailable", `${taken.join("\n")}\nNothing was started.`, {
    hint: `Stop that program (if it is Sophia, it already runs: ${formatCommand("status")}), or choose other ports with ${variables}.`,
  });
}

function describeServer(context: CommandContext, server: ServerEntry, credential: string | undefined): ServerSpec {
  const { host, ports } = context.config.platform;
  const environment = describeServerEnvironment(context, server.id);
  return {
    id: server.id,
    title: server.title,
    main: findServerMain(server.id),
    arguments: [],
    nodeFlags: serverNodeFlags,
    environment:
      credential === undefined ? environment : { ...environment, SOPHIA_SECRETS_CREDENTIAL_FILE: inheritedCredential },
    ...(credential !== undefined && { credential }),
    host,
    port: ports[server.id],
  };
}

/** The parsed values win: a relative or ~ folder must mean the same one in a child. */
export function describeServerEnvironment(
  { environment, config }: CommandContext,
  server: string,
): Record<string, string> {
  const { dataDir, simulate } = config.platform;
  return {
    ...buildServerEnvironment(environment, server),
    SOPHIA_DATA_DIR: dataDir,
    SOPHIA_SIMULATE: simulate ? "1" : "0",
    // Compiled code of the last start: the next one takes half the time and 20 MB less, as no TypeScript is read again.
    NODE_COMPILE_CACHE: join(dataDir, "compile-cache"),
  };
}

/** Everything given up: 78 when every one named its configuration, else 1. One misconfigured server stops the start as well. */
function findFailure(statuses: readonly ServerStatus[]): number | undefined {
  if (statuses.some(({ state }) => state === "misconfigured")) return 78;
  return statuses.every(isGivenUp) ? 1 : undefined;
}

function waitForStop(supervisor: Supervisor, view: UpView): Promise<number> {
  return new Promise((resolve) => {
    handleStopSignals({
      stop: (reason) => {
        view.stopping(reason);
        void supervisor.stop().then((clean) => resolve(clean ? 0 : 1));
      },
      kill: (exitCode) => {
        supervisor.kill();
        resolve(exitCode);
      },
    });
  });
}
