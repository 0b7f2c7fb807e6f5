import type { Clock } from "./clock.ts";

/** `ignored`: the call says nothing about the service (cancelled, refused by us). 429 and 4xx are answers: `success`. */
export type BreakerOutcome = "success" | "failure" | "ignored";

export type BreakerState = "closed" | "open" | "half_open";

/** Stops calls to a service that fails, so that callers get a fast answer and the service gets rest. */
export interface Breaker {
  readonly state: BreakerState;
  /** Milliseconds until the next probe is let through; 0 when calls may go. */
  readonly retryAfterMs: number;
  /** Reports how the call went, exactly once; `undefined` when the call must not be made. */
  enter(): ((outcome: BreakerOutcome) => void) | undefined;
}

export interface BreakerRules {
  failureRatio: number;
  minimumCalls: number;
  windowMs: number;
  openMs: number;
  /** The open time doubles with each failed probe up to this. */
  maxOpenMs: number;
  /** Calls let through when half open; all must succeed to close. */
  probes: number;
  /** Closed for this long, the next opening starts again at `openMs`. */
  forgetAfterMs: number;
}

// Hystrix' volume and window, Envoy's growing ejection time.
const defaultRules: BreakerRules = {
  failureRatio: 0.5,
  minimumCalls: 20,
  windowMs: 30_000,
  openMs: 5_000,
  maxOpenMs: 30_000,
  probes: 3,
  forgetAfterMs: 60_000,
};

interface Slice {
  startedAt: number;
  calls: number;
  failures: number;
}

const slicesPerWindow = 10;

/**
 * Our own instead of cockatiel's: that one reads the wall clock (a clock set back keeps it open), counts stale
 * failures at low rates because a gap advances its window by one slice only, and lets callers wait without a
 * deadline while it probes.
 */
export function createBreaker(options: { clock: Clock; rules?: Partial<BreakerRules> }): Breaker {
  const { clock } = options;
  const rules = { ...defaultRules, ...options.rules };
  let slices: Slice[] = [];
  let openUntil = 0;
  let openings = 0;
  let closedAt = -Infinity;
  let halfOpen: { started: number; succeeded: number } | undefined;
  let isOpen = false;

  function open(): void {
    if (clock.monotonic() - closedAt >= rules.forgetAfterMs && !halfOpen) openings = 0;
    openUntil = clock.monotonic() + Math.min(rules.maxOpenMs, rules.openMs * 2 ** openings);
    openings = Math.min(openings + 1, 16);
    isOpen = true;
    halfOpen = undefined;
    slices = [];
  }

  function close(): void {
    isOpen = false;
    halfOpen = undefined;
    slices = [];
    closedAt = clock.monotonic();
  }

  function count(failed: boolean): void {
    const now = clock.monotonic();
    slices = slices.filter((slice) => now - slice.startedAt < rules.windowMs);
    let current = slices.at(-1);
    if (!current || now - current.startedAt >= rules.windowMs / slicesPerWindow) {
      current = { startedAt: now, calls: 0, failures: 0 };
      slices.push(current);
    }
    current.calls++;
    if (!failed) return;
    current.failures++;
    const calls = slices.reduce((sum, slice) => sum + slice.calls, 0);
    const failures = slices.reduce((sum, slice) => sum + slice.failures, 0);
    if (calls >= rules.minimumCalls && failures / calls >= rules.failureRatio) open();
  }

  function enterHalfOpen(): ((outcome: BreakerOutcome) => void) | undefined {
    halfOpen ??= { started: 0, succeeded: 0 };
    const round = halfOpen;
    if (round.started >= rules.probes) return undefined;
    round.started++;
    return once((outcome) => {
      if (halfOpen !== round) return;
      if (outcome === "failure") open();
      else if (outcome === "ignored") round.started--;
      else if (++round.succeeded >= rules.probes) close();
    });
  }

  return {
    get state() {
      if (!isOpen) return "closed";
      return clock.monotonic() < openUntil ? "open" : "half_open";
    },
    get retryAfterMs() {
      return isOpen ? Math.max(0, openUntil - clock.monotonic()) : 0;
    },
    enter() {
      if (isOpen) return clock.monotonic() < openUntil ? undefined : enterHalfOpen();
      const wasOpenings = openings;
      return once((outcome) => {
        // A call that began before the last opening says nothing about the time after it.
        if (outcome !== "ignored" && !isOpen && wasOpenings === openings) count(outcome === "failure");
      });
    },
  };
}

function once(report: (outcome: BreakerOutcome) => void): (outcome: BreakerOutcome) => void {
  let done = false;
  return (outcome) => {
    if (done) return;
    done = true;
    report(outcome);
  };
}
