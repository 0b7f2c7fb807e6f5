import type { HttpObserver } from "../http/http.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Metrics } from "./metrics.ts";
import { isTracing, withSpan } from "./trace.ts";

const breakerStates: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

/** What the HTTP spine does, as metrics and spans. Several of one process share their metrics. */
export function createHttpObserver(metrics: Metrics): Required<HttpObserver> {
  const place = ["service", "operation"] as const;
  const calls = metrics.counter("sophia_http_calls_total", "Calls to services by outcome, retries not counted.", [
    ...place,
    "outcome",
  ]);
  const durations = metrics.histogram("sophia_http_call_duration_seconds", "Calls with waits and retries.", place);
  const resends = metrics.counter("sophia_http_resends_total", "Attempts after the first.", place);
  const waits = metrics.counter("sophia_http_limit_wait_seconds_total", "Time calls waited for limits.", place);
  const breakers = metrics.gauge("sophia_http_breaker_state", "0 closed, 1 half open, 2 open.", place);

  return {
    call({ service, operation, outcome, attempts, waitedMs, durationMs }) {
      const labels = { service, operation };
      calls.increment({ ...labels, outcome });
      durations.observe(labels, durationMs / 1_000);
      resends.increment(labels, Math.max(0, attempts - 1));
      waits.increment(labels, waitedMs / 1_000);
    },
    breaker(service, operation, state) {
      breakers.set({ service, operation }, breakerStates[state]);
    },
    isTracing,
    span(name, attributes, work) {
      return withSpan(name, attributes, (span) => work((key, value) => span.setAttribute(key, value)));
    },
  };
}
