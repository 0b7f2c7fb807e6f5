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

/** `allowed` of them may have started so far; `since` is when more were allowed last. */
interface ProbeRound {
  allowed: number;
  since: number;
  started: number;
  succeeded: number;
}

const slicesPerWindow = 10;

/**
 * Our own instead of cockatiel's: that one reads the wall clock (a clock set back keeps it open), counts stale
 * failures at low rates because a gap advances its window by one slice only, and lets callers wait without a
 * deadline while it probes.
 */
export function createBreaker(options: { clock: Clock; rules?: Partial<BreakerRules> }): Breaker {
  return new SamplingBreaker(options.clock, { ...defaultRules, ...options.rules });
}

/** Where somebody else decides. */
export const alwaysClosed: Breaker = { state: "closed", retryAfterMs: 0, enter: () => () => {} };

class SamplingBreaker implements Breaker {
  readonly #clock: Clock;
  readonly #rules: BreakerRules;
  #slices: Slice[] = [];
  #isOpen = false;
  #openUntil = 0;
  #openings = 0;
  #closedAt = -Infinity;
  #probing: ProbeRound | undefined;

  constructor(clock: Clock, rules: BreakerRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  get state(): BreakerState {
    if (!this.#isOpen) return "closed";
    return this.retryAfterMs > 0 ? "open" : "half_open";
  }

  get retryAfterMs(): number {
    return this.#isOpen ? Math.max(0, this.#openUntil - this.#clock.monotonic()) : 0;
  }

  enter(): ((outcome: BreakerOutcome) => void) | undefined {
    if (this.#isOpen) return this.retryAfterMs > 0 ? undefined : this.#probe();
    const openingsThen = this.#openings;
    return once((outcome) => {
      // A call that began before the last opening says nothing about the time after it.
      if (outcome === "ignored" || this.#isOpen || openingsThen !== this.#openings) return;
      this.#count(outcome === "failure");
    });
  }

  #probe(): ((outcome: BreakerOutcome) => void) | undefined {
    const now = this.#clock.monotonic();
    this.#probing ??= { allowed: this.#rules.probes, since: now, started: 0, succeeded: 0 };
    const round = this.#probing;
    // A probe may be a stream that lasts for minutes: after a while others are let through beside it.
    if (round.started >= round.allowed && now - round.since >= this.#rules.openMs) {
      round.allowed += this.#rules.probes;
      round.since = now;
    }
    if (round.started >= round.allowed) return undefined;
    round.started++;
    return once((outcome) => {
      if (this.#probing !== round) return;
      if (outcome === "failure") this.#open();
      else if (outcome === "ignored") round.started--;
      else if (++round.succeeded >= this.#rules.probes) this.#close();
    });
  }

  #count(failed: boolean): void {
    const now = this.#clock.monotonic();
    const { windowMs, minimumCalls, failureRatio } = this.#rules;
    this.#slices = this.#slices.filter((slice) => now - slice.startedAt < windowMs);
    let current = this.#slices.at(-1);
    if (!current || now - current.startedAt >= windowMs / slicesPerWindow) {
      current = { startedAt: now, calls: 0, failures: 0 };
      this.#slices.push(current);
    }
    current.calls++;
    if (!failed) return;
    current.failures++;
    const calls = this.#slices.reduce((sum, slice) => sum + slice.calls, 0);
    const failures = this.#slices.reduce((sum, slice) => sum + slice.failures, 0);
    if (calls >= minimumCalls && failures / calls >= failureRatio) this.#open();
  }

  #open(): void {
    const now = this.#clock.monotonic();
    const { openMs, maxOpenMs, forgetAfterMs } = this.#rules;
    if (!this.#probing && now - this.#closedAt >= forgetAfterMs) this.#openings = 0;
    this.#openUntil = now + Math.min(maxOpenMs, openMs * 2 ** this.#openings);
    // Bounded, because 2 ** 1024 is no number of milliseconds.
    this.#openings = Math.min(this.#openings + 1, 30);
    this.#isOpen = true;
    this.#probing = undefined;
    this.#slices = [];
  }

  #close(): void {
    this.#isOpen = false;
    this.#probing = undefined;
    this.#slices = [];
    this.#closedAt = this.#clock.monotonic();
  }
}

function once(report: (outcome: BreakerOutcome) => void): (outcome: BreakerOutcome) => void {
  let done = false;
  return (outcome) => {
    if (done) return;
    done = true;
    report(outcome);
  };
}
