import { AppError } from "../errors/app-error.ts";
import { createBreaker, type Breaker, type BreakerOutcome, type BreakerState } from "../limits/breaker.ts";
import type { LoadSignal } from "../limits/aimd.ts";
import type { Clock } from "../limits/clock.ts";
import type { Pacer } from "../limits/pacer.ts";
import type { LimitRow } from "../limits/rules.ts";
import type { Deadline } from "./deadline.ts";
import { BodyTooLargeError } from "./body.ts";
import { createDispatcher, type StartWatch } from "./dispatcher.ts";
import type { Answer } from "./exchange.ts";
import { failedAnswer } from "./failed-answer.ts";
import { fromFailure, outcomeUnknown, timedOut } from "./failures.ts";
import { createFollower } from "./follow.ts";
import type { HttpOptions } from "./http.ts";
import type { Prepared } from "./prepare.ts";
import { redactUrl } from "./target.ts";

/** One call with all its attempts: what was decided before, and what is counted on the way. */
export interface CallPlan {
  readonly prepared: Prepared;
  readonly row: LimitRow | undefined;
  readonly key: string;
  readonly secretParameter: string | undefined;
  readonly operation: string;
  readonly weight: number;
  readonly idempotent: boolean;
  readonly redirects: number;
  readonly bodyTimeoutMs: number;
  readonly deadline: Deadline;
  attempts: number;
  waitedMs: number;
  status: number | undefined;
}

/** A 2xx answer whose body is still to be read. One of the three endings must be called; the first one counts. */
export interface Attempt {
  answer: Answer;
  succeed(): void;
  /** Settles and returns what to throw. */
  fail(error: unknown): Error;
  /** The reader lost interest, which says nothing about the service. */
  abandon(): void;
}

export interface Attempter {
  attempt(call: CallPlan): Promise<Attempt>;
  /** The error is our own limiter's or breaker's refusal. */
  isOwnRefusal(error: AppError): boolean;
  /** Not a byte of the request had left. */
  wasNotSent(error: AppError): boolean;
  breakers(): Record<string, BreakerState>;
  close(): Promise<void>;
}

const maxBreakers = 64;
// After "too many" without a usable time, everybody waits at least this long.
const pauseWithoutNoticeMs = 1_000;

export function createAttempter(environment: { options: HttpOptions; clock: Clock; pacer: Pacer }): Attempter {
  const { options, clock, pacer } = environment;
  const { service, log } = options;
  const ownDispatcher = options.dispatcher === undefined;
  const dispatcher = options.dispatcher ?? createDispatcher(options);
  const follower = createFollower();
  const breakers = new Map<string, Breaker>();
  const ownRefusals = new WeakSet<AppError>();
  const unsent = new WeakSet<AppError>();

  function breakerFor(operation: string): Breaker {
    const name = breakers.has(operation) || breakers.size < maxBreakers ? operation : "other";
    const found =
      breakers.get(name) ?? createBreaker({ clock, ...(options.breaker ? { rules: options.breaker } : {}) });
    breakers.set(name, found);
    return found;
  }

  function refuseWhileOpen(breaker: Breaker): AppError {
    const refusal = new AppError("unavailable", `${service} has been failing and is given a rest.`, {
      hint: "Try again after the pause.",
      service,
      retryAfterMs: Math.max(1_000, Math.ceil(breaker.retryAfterMs)),
    });
    ownRefusals.add(refusal);
    return refusal;
  }

  async function enter(call: CallPlan, breaker: Breaker): Promise<Settle> {
    if (breaker.state === "open") throw refuseWhileOpen(breaker);
    const { key, row, weight, deadline } = call;
    const pass = await pacer
      .enter({ service, key, row, weight, deadlineAt: deadline.at, signal: deadline.signal })
      .catch((error: unknown) => {
        if (error instanceof AppError) ownRefusals.add(error);
        if (deadline.expired) throw timedOut(service, error);
        throw error;
      });
    call.waitedMs += pass.waitedMs;
    const before = breaker.state;
    const report = breaker.enter();
    if (!report) {
      pass.leave("failed");
      throw refuseWhileOpen(breaker);
    }
    let settled = false;
    return (outcome, load, reportedLimit) => {
      if (settled) return;
      settled = true;
      report(outcome);
      pass.leave(load, reportedLimit);
      if (breaker.state !== before) options.observer?.breaker?.(service, call.operation, breaker.state);
    };
  }

  function explain(thrown: unknown, call: CallPlan, watch: StartWatch): Error {
    const { deadline } = call;
    const cancelled = deadline.signal.aborted && !deadline.expired;
    const error =
      deadline.expired && !(thrown instanceof AppError) ? timedOut(service, thrown) : fromFailure(service, thrown);
    if (!watch.started) unsent.add(error);
    const isUnknown = !call.idempotent && watch.started && !isDefinite(error);
    if (isUnknown) return outcomeUnknown(service, error);
    return cancelled && thrown instanceof Error ? thrown : error;
  }

  async function attempt(call: CallPlan): Promise<Attempt> {
    call.attempts++;
    const settle = await enter(call, breakerFor(call.operation));
    const watch: StartWatch = { started: false, once: !call.idempotent };
    function fail(thrown: unknown): Error {
      const error = explain(thrown, call, watch);
      const cancelled = call.deadline.signal.aborted && !call.deadline.expired;
      settle(cancelled ? "ignored" : outcomeOf(error), isRejection(error) ? "rejected" : "failed");
      logFailure(error, call);
      return error;
    }
    try {
      const answer = await follower.follow(call.prepared, call.redirects, {
        dispatcher,
        signal: call.deadline.signal,
        watch,
        headersTimeoutMs: Math.max(1, Math.ceil(call.deadline.at - clock.monotonic())),
        bodyTimeoutMs: call.bodyTimeoutMs,
      });
      call.status = answer.status;
      if (answer.status >= 300) throw await refusal(answer, call);
      const limit = reportedLimit(answer, call.row);
      return {
        answer,
        fail,
        succeed: () => settle("success", "accepted", limit),
        abandon: () => settle("ignored", "accepted", limit),
      };
    } catch (error) {
      throw fail(error);
    }
  }

  /** The vendor's "no", and the pause it asks for, which is everybody's. */
  async function refusal(answer: Answer, call: CallPlan): Promise<AppError> {
    const error = await failedAnswer(answer, {
      service,
      wallMs: clock.now(),
      retryAfterHeader: options.retryAfterHeader,
      explain: options.explain,
    });
    const pauseMs = error.retryAfterMs ?? (answer.status === 429 ? pauseWithoutNoticeMs : 0);
    if (pauseMs > 0 && (answer.status === 429 || answer.status === 503)) await pacer.pause(call, pauseMs);
    return error;
  }

  function logFailure(error: Error, call: CallPlan): void {
    const where = redactUrl(call.prepared.url, call.secretParameter);
    log.debug({ service, operation: call.operation, where, attempt: call.attempts, error }, "call failed");
  }

  return {
    attempt,
    isOwnRefusal: (error) => ownRefusals.has(error),
    wasNotSent: (error) => unsent.has(error),
    breakers: () => Object.fromEntries([...breakers].map(([name, breaker]) => [name, breaker.state])),
    async close() {
      await follower.close();
      if (ownDispatcher) await dispatcher.destroy();
    },
  };
}

type Settle = (outcome: BreakerOutcome, load: LoadSignal, reportedLimit?: number) => void;

/** The service answered, and the answer says that nothing was done. */
function isDefinite(error: AppError): boolean {
  const { status } = error;
  return status !== undefined && status >= 300 && status < 500 && status !== 408;
}

function isRejection(error: Error): boolean {
  return error instanceof AppError && error.status === 429;
}

// Any answer below 500 comes from a service that works, whatever it says; what never became an answer is a failure.
function outcomeOf(error: Error): BreakerOutcome {
  if (!(error instanceof AppError) || error.cause instanceof BodyTooLargeError) return "ignored";
  return error.status !== undefined && error.status < 500 && error.status !== 408 ? "success" : "failure";
}

function reportedLimit(answer: Answer, row: LimitRow | undefined): number | undefined {
  const header = row?.concurrency?.header;
  const value = header === undefined ? Number.NaN : Number(answer.headers[header.toLowerCase()]);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
