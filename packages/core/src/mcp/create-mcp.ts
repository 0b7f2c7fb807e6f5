import { randomBytes, randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Plans } from "../approval/plans.ts";
import type { CallerLimiter } from "../limits/caller-limiter.ts";
import type { Clock } from "../limits/clock.ts";
import type { Audit } from "../observe/audit.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Scrubber } from "../observe/scrub.ts";
import type { ServerDefinition } from "./define-server.ts";
import { createDispatch } from "./dispatch.ts";
import { createPolicy } from "./policy.ts";
import type { ResultShelf } from "./result-cap.ts";
import { createResultResource } from "./result-resource.ts";
import { createServerFactory } from "./server-factory.ts";
import { createServerTable } from "./server-table.ts";
import { createToolTable } from "./tool-table.ts";
import { createDirectEndpoint } from "./transport/direct-endpoint.ts";
import { createMcpEndpoint } from "./transport/mcp-endpoint.ts";
import { RunningCalls } from "./transport/running-calls.ts";
import { createSdkEndpoint } from "./transport/sdk-endpoint.ts";
import { Sessions } from "./transport/sessions.ts";
import { StandingStreams } from "./transport/standing-streams.ts";

export interface McpOptions<Services> {
  definition: ServerDefinition<Services>;
  services: Services;
  version: string;
  readOnly: boolean;
  approvesInClient?: boolean;
  maxBodyBytes: number;
  limiter: CallerLimiter;
  audit: Audit;
  plans: Plans;
  shelf: ResultShelf;
  metrics: Metrics;
  scrubber: Scrubber;
  log: Logger;
  clock: Clock;
  /** Serve the 2025 era with sessions; see {@link Sessions}. */
  sessions?: { maxSessions: number; idleMs: number };
  /** Only the conformance fixture declares MCP logging, and has lists that change. */
  logging?: boolean;
  listsChange?: boolean;
  /** Core tools beside the definition's own. The conformance fixture leaves them out. */
  withCoreTools?: boolean;
}

/** Puts one server's tables, policy and transports together. */
export function createMcp<Services>(options: McpOptions<Services>) {
  const { definition, version, log } = options;
  const newRequestId = (): string => randomUUID();
  const table =
    options.withCoreTools === false
      ? createToolTable(definition, { listed: [], longTail: [] })
      : createServerTable({ ...options, approvesInClient: options.approvesInClient ?? false });
  const calls = options.metrics.histogram("mcp_server_operation_duration_seconds", "Duration of tool calls.", [
    "tool",
    "outcome",
  ]);
  const policy = createPolicy({
    ...options,
    serverId: definition.id,
    observeCall: (tool, outcome, durationMs) => calls.observe({ tool, outcome }, durationMs / 1000),
  });
  const dispatch = createDispatch({ ...options, serverId: definition.id, table, policy });
  const createServer = createServerFactory({
    definition,
    version,
    table,
    dispatch,
    policy,
    scrubber: options.scrubber,
    clock: options.clock,
    newRequestId,
    resources: [...(definition.resources ?? []), createResultResource(options.shelf)],
    stateKey: randomBytes(32),
    logging: options.logging ?? false,
    listsChange: options.listsChange ?? false,
  });
  const running = new RunningCalls();
  const standing = new StandingStreams();
  const sdk = createSdkEndpoint({ createServer, running, maxBodyBytes: options.maxBodyBytes, log });
  const sessions = options.sessions && new Sessions({ createServer, ...options.sessions });
  const direct = createDirectEndpoint({
    serverInfo: { name: `sophia-${definition.id}`, title: definition.title, version },
    table,
    dispatch,
    running,
    newRequestId,
  });
  const endpoint = createMcpEndpoint({ table, dispatch, direct, sdk, sessions, running, standing });
  return {
    table,
    endpoint,
    createServer,
    newRequestId,
    standing,
    notify: sdk.notify,
    async close() {
      await Promise.all([sdk.close(), sessions?.close()]);
    },
  };
}
