import type { Logger } from "pino";
import type { RestartLimits } from "./restart-policy.ts";
import type { ServerSpec, ServerStatus } from "./server-process.ts";
import { ServerProcess } from "./server-process.ts";

export interface SupervisorOptions {
  servers: readonly ServerSpec[];
  limits: RestartLimits;
  log: Logger;
  execPath: string;
  /** Takes known secret values out of what a crashed server wrote. */
  scrub(text: string): string;
  onChange?(status: ServerStatus): void;
  onStderr?(id: string, chunk: Buffer): void;
  /** A server crashed, or the watchdog ended it. */
  onCrash?(id: string, reason: string): void;
  /** Once for each server that is given up. */
  onGivenUp?(status: ServerStatus): void;
}

export interface Supervisor {
  /** Starts all servers. Resolves when each is ready or given up. */
  start(): Promise<readonly ServerStatus[]>;
  status(): readonly ServerStatus[];
  /** SIGTERM to all, SIGKILL after the grace. True when every server ended by itself. */
  stop(): Promise<boolean>;
  /** SIGKILL to all, at once. */
  kill(): void;
}

const restartRequester = "infra";
const givenUpStates = new Set(["crash loop", "misconfigured", "port taken"]);

export function isGivenUp(status: ServerStatus): boolean {
  return givenUpStates.has(status.state);
}

/** Runs servers as children and keeps each alive by itself: one that crashes or hangs does not disturb the others. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  const unsettled = new Set(options.servers.map((spec) => spec.id));

  function handleChange(status: ServerStatus): void {
    options.onChange?.(status);
    if (isGivenUp(status)) options.onGivenUp?.(status);
    if (status.state !== "ready" && status.state !== "stopped" && !isGivenUp(status)) return;
    unsettled.delete(status.id);
    if (unsettled.size === 0) settle();
  }

  function handleRestartRequest(from: string, server: string, planId: string): void {
    const index = options.servers.findIndex(({ id }) => id === server);
    options.log.info({ from, child: server, planId, known: index >= 0 }, "restart requested");
    // Only the Copilot asks on behalf of an approved plan; any other server that does has gone astray.
    if (from === restartRequester) processes[index]?.restart(`was restarted by plan ${planId}`);
  }

  const processes: readonly ServerProcess[] = options.servers.map(
    (spec) =>
      new ServerProcess({
        spec,
        limits: options.limits,
        log: options.log,
        execPath: options.execPath,
        scrub: (text) => options.scrub(text),
        onChange: handleChange,
        onStderr: (id, chunk) => options.onStderr?.(id, chunk),
        onCrash: (id, reason) => options.onCrash?.(id, reason),
        onRestartRequest: handleRestartRequest,
      }),
  );

  return {
    async start() {
      if (processes.length === 0) settle();
      await Promise.all(processes.map((server) => server.start()));
      await settled;
      return processes.map((server) => server.status());
    },
    status: () => processes.map((server) => server.status()),
    async stop() {
      const ended = await Promise.all(processes.map((server) => server.stop()));
      return ended.every(Boolean);
    },
    kill() {
      for (const server of processes) server.kill();
    },
  };
}
