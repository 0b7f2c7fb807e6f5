import { context, propagation, trace } from "@opentelemetry/api";
import type { Logger } from "pino";
import type { Secret } from "../config/secret.ts";
import type { Clock } from "../limits/clock.ts";
import type { Metrics } from "./metrics.ts";

export interface TelemetryOptions {
  /** Base URL of a collector, without `/v1/traces`. Undefined: nothing is traced and nothing is loaded. */
  endpoint: string | undefined;
  /** `OTEL_EXPORTER_OTLP_HEADERS`. */
  headers: Secret | undefined;
  server: string;
  version: string;
  log: Logger;
  clock: Clock;
  metrics: Metrics;
}

export interface Telemetry {
  /** Delivers what is left, three seconds at most. */
  close(): Promise<void>;
}

/**
 * Makes the OpenTelemetry API of this process real: spans go to the collector, follow asynchronous calls, and continue
 * the callers' traces (W3C). Without an endpoint the API stays its own no-op.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { endpoint, headers, server, version } = options;
  if (endpoint === undefined) return { close: async () => {} };
  const [{ OtlpExporter }, { TracerProvider }, { resourceFromAttributes }, contexts, core] = await Promise.all([
    import("./otlp-exporter.ts"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/context-async-hooks"),
    import("@opentelemetry/core"),
  ]);
  const resource = { "service.name": `sophia-${server}`, "service.namespace": "sophia", "service.version": version };
  const exporter = new OtlpExporter({
    ...options,
    destination: {
      service: "otlp",
      baseUrl: endpoint,
      path: "/v1/traces",
      ...(headers && { auth: { in: "headers" as const, secret: headers } }),
      resource,
    },
  });
  const processor = {
    onStart: () => {},
    onEnd: (span: Parameters<typeof exporter.add>[0]) => exporter.add(span),
    forceFlush: () => exporter.flush(),
    shutdown: () => exporter.close(),
  };
  trace.setGlobalTracerProvider(
    new TracerProvider({ resource: resourceFromAttributes(resource), spanProcessors: [processor] }),
  );
  context.setGlobalContextManager(new contexts.AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  return {
    async close() {
      trace.disable();
      context.disable();
      propagation.disable();
      await exporter.close();
    },
  };
}
