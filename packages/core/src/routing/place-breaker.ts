import type { Clock } from "../limits/clock.ts";
import type { HealthState } from "./endpoint-health.ts";
import type { Failure, FailureClass } from "./failure.ts";

/** Consecutive failures that open it. */
const opensAfter = 5;
/** Of the last 20 calls, not older than 30 s, this part opens it too, from the fifth failure on. */
const windowCalls = 20;
const windowMs = 30_000;
const failureRatio = 0.5;
const openMs = 10_000;
const maxOpenMs = 120_000;
/** Neither a key nor an account heals by itself within seconds. */
const lastingOpenMs = 60_000;
const restMs = 1_000;
const longestRestMs = 60_000;
/** Closed for this long, the next opening starts again at `openMs`. */
const forgetAfterMs = 120_000;
/** Shares of the calls while it returns; the first step is one call at a time. */
const steps = [0, 0.1, 0.25, 0.5] as const;
const successesPerStep = 3;

const lasting: ReadonlySet<FailureClass> = new Set(["auth", "payment"]);

interface Return {
  step: number;
  successes: number;
  failures: number;
  /** Grows by the share with each request; a whole one is a call. */
  credit: number;
  probeSince: number;
  probing: boolean;
}

/**
 * The breaker of one candidate or one endpoint. It opens, and comes back in steps, so that a service that has just
 * recovered is not met by everything at once; after a `Retry-After` it rests for as long as it asked.
 */
export class PlaceBreaker {
  readonly #clock: Clock;
  #calls: { at: number; failed: boolean }[] = [];
  #consecutive = 0;
  #openUntil = -Infinity;
  #restUntil = -Infinity;
  #rests = 0;
  #backoff = 0;
  #closedAt = -Infinity;
  #return: Return | undefined;
  openings = 0;
  cause: FailureClass | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): HealthState {
    const now = this.#clock.monotonic();
    if (now < this.#openUntil) return "open";
    if (now < this.#restUntil) return "resting";
    return this.#return ? "returning" : "closed";
  }

  get retryAfterMs(): number {
    return Math.max(0, Math.ceil(Math.max(this.#openUntil, this.#restUntil) - this.#clock.monotonic()));
  }

  get share(): number {
    if (this.retryAfterMs > 0) return 0;
    return this.#return ? (steps[this.#return.step] ?? 1) : 1;
  }

  get recentCalls(): number {
    this.#forgetOld();
    return this.#calls.length;
  }

  get errorRate(): number {
    const calls = this.recentCalls;
    return calls === 0 ? 0 : this.#calls.filter((call) => call.failed).length / calls;
  }

  /** A request would like to go here: while it returns, every one brings the next call a share nearer. */
  want(): void {
    const round = this.#return;
    if (round && this.retryAfterMs === 0) round.credit = Math.min(1, round.credit + (steps[round.step] ?? 1));
  }

  admits(lastResort: boolean): boolean {
    if (this.retryAfterMs > 0) return false;
    const round = this.#return;
    if (!round) return true;
    // A probe may be a stream that lasts for minutes: after a while another is let through beside it.
    if (round.step === 0) return !round.probing || this.#clock.monotonic() - round.probeSince >= openMs;
    return lastResort || round.credit >= 1;
  }

  /** A call goes there now. */
  take(): void {
    const round = this.#return;
    if (!round) return;
    round.credit = 0;
    round.probing = true;
    round.probeSince = this.#clock.monotonic();
  }

  /** A call ended that says nothing about this place. */
  withdraw(): void {
    if (this.#return) this.#return.probing = false;
  }

  succeed(openingsThen: number): void {
    this.#rests = 0;
    if (openingsThen !== this.openings || this.state === "open") return;
    this.#count(false);
    this.#consecutive = 0;
    const round = this.#return;
    if (!round) return;
    round.probing = false;
    round.successes += 1;
    if (round.successes < successesPerStep) return;
    round.successes = 0;
    round.step += 1;
    if (round.step >= steps.length) this.#close();
  }

  fail(failure: Failure, openingsThen: number): void {
    if (failure.class === "rate_limited") {
      this.#rest(failure);
      return;
    }
    // A call that began before the last opening says nothing about the time after it.
    if (openingsThen !== this.openings || this.state === "open") return;
    this.#count(true);
    this.#consecutive += 1;
    const round = this.#return;
    if (round) {
      round.failures += 1;
      round.probing = false;
    }
    const isBackTooEarly = round !== undefined && (round.step === 0 || round.failures > 1);
    if (isBackTooEarly || lasting.has(failure.class) || this.#isFailing()) this.#open(failure);
  }

  #isFailing(): boolean {
    if (this.#consecutive >= opensAfter) return true;
    const failed = this.#calls.filter((call) => call.failed).length;
    return failed >= opensAfter && failed / this.#calls.length >= failureRatio;
  }

  #rest({ retryAfterMs }: Failure): void {
    const pauseMs = Math.min(longestRestMs, retryAfterMs ?? restMs * 2 ** Math.min(this.#rests, 6));
    this.#rests += 1;
    this.cause = "rate_limited";
    this.#restUntil = Math.max(this.#restUntil, this.#clock.monotonic() + pauseMs);
    this.withdraw();
  }

  #open(failure: Failure): void {
    const now = this.#clock.monotonic();
    if (!this.#return && now - this.#closedAt >= forgetAfterMs) this.#backoff = 0;
    const firstMs = lasting.has(failure.class) ? lastingOpenMs : openMs;
    const pauseMs = Math.min(maxOpenMs, firstMs * 2 ** this.#backoff);
    this.#openUntil = now + Math.max(pauseMs, Math.min(longestRestMs, failure.retryAfterMs ?? 0));
    this.#backoff = Math.min(this.#backoff + 1, 10);
    this.openings += 1;
    this.cause = failure.class;
    this.#calls = [];
    this.#consecutive = 0;
    this.#return = { step: 0, successes: 0, failures: 0, credit: 0, probing: false, probeSince: 0 };
  }

  #close(): void {
    this.#return = undefined;
    this.#closedAt = this.#clock.monotonic();
    this.cause = undefined;
  }

  #count(failed: boolean): void {
    this.#forgetOld();
    if (this.#calls.length >= windowCalls) this.#calls.shift();
    this.#calls.push({ at: this.#clock.monotonic(), failed });
  }

  #forgetOld(): void {
    const since = this.#clock.monotonic() - windowMs;
    while (this.#calls[0] && this.#calls[0].at < since) this.#calls.shift();
  }
}
