import type { Logger } from "pino";

export interface LifecycleOptions {
  log: Logger;
  /** Sent to the supervisor once the port answers. */
  ready: { type: "ready"; server: string; port: number; url: string; pid: number };
  /** Stops taking work and finishes what is under way. */
  shutdown(): Promise<void>;
}

const heartbeatMs = 250;
const shutdownDeadlineMs = 15_000;

/**
 * Ties a server process to its supervisor and to signals: heartbeat over IPC, drain on SIGTERM, exit at once on a
 * second signal, and exit when the supervisor dies, so that no orphan keeps the port.
 */
export function attachSupervisor(options: LifecycleOptions): void {
  const { log } = options;
  let stopping = false;

  function stop(reason: string, exitCode: number): void {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ reason }, "shutting down");
    process.send?.({ type: "draining" });
    const deadline = setTimeout(() => process.exit(1), shutdownDeadlineMs);
    options
      .shutdown()
      .then(() => {
        clearTimeout(deadline);
        process.exit(exitCode);
      })
      .catch((thrown: unknown) => {
        log.error({ err: thrown }, "shutdown failed");
        process.exit(1);
      });
  }

  process.on("SIGTERM", () => stop("SIGTERM", 0));
  process.on("SIGINT", () => stop("SIGINT", 0));
  process.on("message", (message: unknown) => {
    if (typeof message === "object" && message !== null && "type" in message && message.type === "shutdown") {
      stop("supervisor", 0);
    }
  });
  // State may be half changed after an error nobody caught: finish what runs, then let the supervisor start afresh.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught exception");
    stop("uncaught exception", 1);
  });
  process.on("unhandledRejection", (reason) => {
    log.fatal({ err: reason }, "unhandled rejection");
    stop("unhandled rejection", 1);
  });
  if (!process.send) return;
  process.on("disconnect", () => {
    log.warn("the supervisor is gone");
    process.exit(1);
  });
  process.send(options.ready);
  setInterval(() => process.send?.({ type: "heartbeat" }), heartbeatMs).unref();
}
