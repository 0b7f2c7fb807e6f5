import type { Candidate } from "./candidate.ts";
import type { Failure } from "./failure.ts";

export type HealthState = "closed" | "resting" | "open" | "returning";

export interface Quantiles {
  p50: number;
  p95: number;
}

/** How a candidate has been doing lately. */
export interface CandidateHealth {
  /**
   * `closed` works; `resting` asked for a pause (Retry-After); `open` failed and gets no calls; `returning` gets a part
   * of the calls, in steps.
   */
  state: HealthState;
  /** Until the next call may go; 0 when it may. */
  retryAfterMs: number;
  /** Part of the calls it may have while `returning`; 1 when closed. */
  share: number;
  /** Failed part of the recent calls, 0 to 1. */
  errorRate: number;
  recentCalls: number;
  inFlight: number;
  /** Absent until a call has been timed. */
  firstTokenMs?: Quantiles | undefined;
  totalMs?: Quantiles | undefined;
  /** Times it opened since the start. */
  openings: number;
  /** What opened it or made it rest. */
  cause?: Failure["class"] | undefined;
}

export type Place = Pick<Candidate, "id" | "endpointId" | "credential">;

/** How a call went. Times are milliseconds from sending; `cancelled` and other outcomes of the request alone weigh nothing. */
export interface CallReport {
  outcome: "ok" | Failure;
  /** To the first byte of the answer. */
  firstTokenMs?: number | undefined;
  totalMs?: number | undefined;
}

/** Permission for one call. */
export interface CallTicket {
  /** The first report counts. */
  report(report: CallReport): void;
}

/** Errors, latency and breaker of every candidate. It rules for model calls; the HTTP spine's breaker stands behind it. */
export interface EndpointHealth {
  /**
   * `undefined`: no call may be made now. `lastResort`: nothing else is left, so what is still returning may be asked
   * beyond its share; what is open may not.
   */
  enter(place: Place, options?: { lastResort?: boolean }): CallTicket | undefined;
  state(place: Place): CandidateHealth;
}
