import { hash } from "node:crypto";
import { join } from "node:path";
import { createPlans } from "../approval/plans.ts";
import { createTokens, type TokenInfo, type Tokens } from "../approval/tokens.ts";
import { formatCommand, setCommandPrefix } from "../config/command-line.ts";
import { AppError } from "../errors/app-error.ts";
import { createCallerLimiter } from "../limits/caller-limiter.ts";
import { createGcra } from "../limits/gcra.ts";
import type { Clock } from "../limits/clock.ts";
import { type Audit, openAudit } from "../observe/audit.ts";
import { createHealth } from "../observe/health.ts";
import { createMcp } from "./create-mcp.ts";
import type { ServerDefinition } from "./define-server.ts";
import type { Platform, ServerRuntime } from "./platform.ts";
import { createResultShelf } from "./result-shelf.ts";
import { listenHttp, type RunningHttpServer } from "./transport/http-server.ts";
import { createProver } from "./transport/server-proof.ts";
import { packageVersion } from "./version.ts";

export interface StartServerOptions<Services> {
  definition: ServerDefinition<Services>;
  runtime: ServerRuntime<Services>;
  platform: Platform;
  planKey: Buffer;
  /** Overrides for tests and benchmarks. */
  limits?: { requestsPerSecond: number; burst: number };
  sessions?: { maxSessions: number; idleMs: number };
}

/** One message, over HTTP as over stdio. */
export const maxBodyBytes = 4 * 1024 * 1024;
const maxConnections = 1_024;
/** Failed bearers per address: enough for a misconfigured client to be noticed, too few to guess. */
const failureRule = { requests: 1, perMs: 1_000, capacityFraction: 1, burst: 20 };

/** Everything between an open platform and an open port. */
export async function startServer<Services>(options: StartServerOptions<Services>) {
  const { definition, runtime, platform } = options;
  const { config, clock, log, metrics, store } = platform;
  setCommandPrefix(config.command);
  const audit = await openAudit({ directory: join(config.dataDir, "audit"), writer: definition.id, log, clock });
  const tokens = createTokens({ store, clock });
  const mcp = createServerMcp(options, audit);
  metrics.count("sophia_audit_lost_total", "Calls that could not be recorded in the audit.", () => audit.lost());
  // Not required: without a writable audit reads go on, and every change is refused by itself.
  const checks = [...(runtime.checks ?? []), { name: "audit", required: false, check: () => audit.check() }];
  const health = createHealth({ checks, clock, server: definition.id });
  const refusals = metrics.counter("sophia_refused_requests_total", "Requests refused before any tool ran.", [
    "reason",
  ]);

  async function listen(host: string, port: number): Promise<RunningHttpServer> {
    // Not over stdio: a client's process without the variable must not end the token of the servers that have it.
    await tokens.adoptConfigured(config.token);
    if (!isLoopback(host)) await requireToken(tokens, clock);
    return listenHttp(
      {
        mcp: mcp.endpoint,
        routes: runtime.routes ?? [],
        allowedHosts: config.allowedHosts,
        maxBodyBytes,
        maxConnections,
        async authenticate(bearer) {
          return bearer === undefined ? undefined : tokens.authenticate(bearer, definition.id);
        },
        recordFailure: createFailureRecorder(options, audit, mcp.newRequestId),
        health,
        prove: createProver(options.planKey, definition.id),
        metrics,
        onRefusal: (reason) => refusals.increment({ reason }),
        newRequestId: mcp.newRequestId,
        standing: mcp.standing,
        endStreams: mcp.close,
        log,
      },
      host,
      port,
    );
  }

  return {
    table: mcp.table,
    createServer: mcp.createServer,
    listen,
    /** Secrets have another value since now: what was derived from the old one is made anew. */
    async takeReplaced(variables: readonly string[]): Promise<void> {
      if (variables.includes("SOPHIA_TOKEN")) await tokens.adoptConfigured(config.token);
    },
    async close() {
      await mcp.close();
      await audit.close();
    },
  };
}

/** Refused bearers: counted by address, and in the audit as long as the address keeps within the rule. */
function createFailureRecorder<Services>(
  { definition, platform: { clock, log } }: StartServerOptions<Services>,
  audit: Audit,
  newRequestId: () => string,
): (remoteAddress: string) => boolean {
  const failures = createGcra({ clock, maxKeys: 10_000 });
  return (remoteAddress) => {
    if (!failures.take(remoteAddress, failureRule).allowed) return false;
    audit
      .read({
        requestId: newRequestId(),
        caller: "",
        server: definition.id,
        tool: "authenticate",
        effect: "read",
        phase: "auth",
        argumentsHash: hash("sha256", remoteAddress),
        outcome: "denied",
      })
      .catch((thrown: unknown) => log.error({ err: thrown }, "audit line not written"));
    return true;
  };
}

function createServerMcp<Services>(
  { definition, runtime, platform, ...options }: StartServerOptions<Services>,
  audit: Audit,
) {
  const { config, clock, store } = platform;
  const rate = options.limits && {
    requests: options.limits.requestsPerSecond,
    perMs: 1_000,
    capacityFraction: 1,
    burst: options.limits.burst,
  };
  return createMcp({
    definition,
    services: runtime.services,
    version: packageVersion,
    readOnly: config.readOnly,
    approvesInClient: config.approveInClient,
    maxBodyBytes,
    limiter: createCallerLimiter({ clock, ...(rate ? { rate } : {}) }),
    audit,
    plans: createPlans({ store, clock, key: options.planKey }),
    shelf: createResultShelf(store, clock),
    metrics: platform.metrics,
    scrubber: platform.scrubber,
    log: platform.log,
    clock,
    ...(options.sessions ? { sessions: options.sessions } : {}),
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Beyond this machine a port without any bearer would be a door that nobody can open and everybody can try. */
async function requireToken(tokens: Tokens, clock: Clock): Promise<void> {
  const now = clock.now();
  const isValid = ({ revokedAt, expiresAt }: TokenInfo): boolean =>
    revokedAt === undefined && (expiresAt === undefined || expiresAt > now);
  if ((await tokens.list()).some(isValid)) return;
  throw new AppError("not_configured", "SOPHIA_HOST is not a loopback address and there is no token.", {
    hint: `Set SOPHIA_TOKEN, or make one with \`${formatCommand("token create --name NAME")}\`.`,
  });
}
