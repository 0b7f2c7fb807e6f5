import { AppError } from "../errors/app-error.ts";
import type { Clock } from "./clock.ts";

/** Retries cost from what calls paid in, so an outage is multiplied by 1.1 at most, whatever each call would like. */
export interface RetryBudget {
  /** Once for every first attempt. */
  deposit(): void;
  /** May one retry be made? Takes it from the budget. */
  withdraw(): boolean;
}

const depositLivesMs = 10_000;

/** @param options.ratio retries per call, default 0.1; `perSecond` is the reserve that serves quiet times, default 1. */
export function createRetryBudget(options: { clock: Clock; ratio?: number; perSecond?: number }): RetryBudget {
  const { clock, ratio = 0.1, perSecond = 1 } = options;
  // As in Finagle, credit expires: a quiet morning must not pay for a storm of retries at noon.
  const most = Math.max(1, perSecond);
  let reserve = most;
  let credit = 0;
  let updatedAt = clock.monotonic();

  function refresh(): void {
    const elapsedMs = clock.monotonic() - updatedAt;
    updatedAt = clock.monotonic();
    reserve = Math.min(most, reserve + (elapsedMs / 1_000) * perSecond);
    credit *= Math.exp(-elapsedMs / depositLivesMs);
  }

  return {
    deposit() {
      refresh();
      credit += ratio;
    },
    withdraw() {
      refresh();
      if (credit >= 1) credit -= 1;
      else if (reserve >= 1) reserve -= 1;
      else return false;
      return true;
    },
  };
}

export interface RetryOptions {
  clock: Clock;
  budget: RetryBudget;
  /** Repeating the work does no harm. A failure known to precede any effect may be repeated all the same. */
  idempotent: boolean;
  /** On the monotonic clock. No attempt starts, and no pause ends, after it. */
  deadlineAt: number;
  signal: AbortSignal;
  /** All attempts, the first included. Default 4. */
  attempts?: number;
  baseMs?: number;
  capMs?: number;
  /** Our own refusal, e.g. an open breaker: asking again at once is no use, whatever the error says to the caller. */
  isFinal?(error: AppError): boolean;
  /** The failure happened before anything was sent. */
  isBeforeEffect?(error: AppError): boolean;
  random?(): number;
}

const alreadyRetried = new WeakSet<AppError>();

/**
 * Runs `work` again after a retryable failure: full jitter, the vendor's own pause where it named one, within
 * budget and deadline. An error that comes out of one retry layer is not retried by another one above it.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, budget, attempts = 4 } = options;
  budget.deposit();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof AppError) || alreadyRetried.has(error)) throw error;
      const pauseMs = pauseBefore(attempt, error, options);
      const worthIt =
        attempt < attempts &&
        mayRepeat(error, options) &&
        !options.signal.aborted &&
        clock.monotonic() + pauseMs < options.deadlineAt;
      if (!worthIt || !budget.withdraw()) {
        alreadyRetried.add(error);
        throw error;
      }
      await clock.sleep(pauseMs, options.signal);
    }
  }
}

function mayRepeat(error: AppError, options: RetryOptions): boolean {
  if (!error.retryable || options.isFinal?.(error)) return false;
  return options.idempotent || error.kind === "rate_limited" || (options.isBeforeEffect?.(error) ?? false);
}

function pauseBefore(attempt: number, error: AppError, options: RetryOptions): number {
  const { baseMs = 250, capMs = 10_000, random = Math.random } = options;
  const jitterMs = random() * Math.min(capMs, baseMs * 2 ** (attempt - 1));
  return (error.retryAfterMs ?? 0) + jitterMs;
}
