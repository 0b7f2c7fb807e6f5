import { type Logger, pino, stdSerializers } from "pino";
import { createLogDestination, type LogDestination } from "./log-destination.ts";
import type { Scrubber } from "./scrub.ts";
import { activeTraceIds } from "./trace.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A pino logger that writes one JSON line per record to stderr: stdout belongs to the protocol over stdio. Secrets are
 * masked by value over the finished line, because path redaction misses messages, causes, URLs and child bindings.
 */
export function createLogger(options: {
  scrubber: Scrubber;
  level: LogLevel;
  server: string;
  destination?: LogDestination;
}): Logger {
  const destination = options.destination ?? createLogDestination({ scrubber: options.scrubber });
  return pino(
    {
      level: options.level,
      base: { server: options.server, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause, cause: serializeCause },
      mixin: activeTraceIds,
      depthLimit: 8,
      edgeLimit: 100,
    },
    destination,
  );
}

function serializeCause(cause: unknown): unknown {
  return cause instanceof Error ? stdSerializers.errWithCause(cause) : cause;
}
