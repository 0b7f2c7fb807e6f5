import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { AppError } from "../errors/app-error.ts";
import type { Breaker, BreakerOutcome, BreakerState } from "../limits/breaker.ts";
import type { LoadSignal } from "../limits/aimd.ts";
import type { Clock } from "../limits/clock.ts";
import type { Pacer, Pass } from "../limits/pacer.ts";
import type { LimitRow } from "../limits/rules.ts";
import { isCancelled, isDefinite, isRejection, outcomeOf, reportedLimit } from "./attempt-outcome.ts";
import type { Deadline } from "./deadline.ts";
import { collectStart, DirectExchange, type DirectHead } from "./direct-exchange.ts";
import { createDispatcher, type StartWatch } from "./dispatcher.ts";
import type { Answer } from "./exchange.ts";
import { failedAnswer, maxErrorBytes } from "./failed-answer.ts";
import { fromFailure, outcomeUnknown, timedOut } from "./failures.ts";
import { createFollower, type Follower } from "./follow.ts";
import type { HttpOptions } from "./http.ts";
import type { Prepared } from "./prepare.ts";
import { ServiceBreakers } from "./service-breakers.ts";
import { redactUrl } from "./target.ts";

/** One call with all its attempts: what was decided before, and what is counted on the way. */
export interface CallPlan {
  readonly prepared: Prepared;
  readonly row: LimitRow | undefined;
  readonly key: string;
  readonly secretParameter: string | undefined;
  readonly operation: string;
  readonly part: string | undefined;
  readonly restedByCaller: boolean;
  readonly weight: number;
  readonly idempotent: boolean;
  readonly redirects: number;
  readonly answers: readonly number[];
  readonly bodyTimeoutMs: number;
  readonly deadline: Deadline;
  attempts: number;
  waitedMs: number;
  status: number | undefined;
}

/** An answer, 2xx or one the call named, whose body is still to be read. One of the three endings must be called; the first one counts. */
export interface Attempt {
  answer: Answer;
  succeed(): void;
  /** Settles and returns what to throw. */
  fail(error: unknown): Error;
  /** The reader lost interest, which says nothing about the service. */
  abandon(): void;
}

/** A request on its way by the short way. `succeed` and `fail` settle it; the first one counts. */
export interface OpenedCall {
  exchange: DirectExchange;
  /** The head of a 2xx; throws the service's refusal otherwise. */
  head(): Promise<DirectHead>;
  succeed(): void;
  fail(error: unknown): Error;
}

export interface Attempter {
  attempt(call: CallPlan): Promise<Attempt>;
  /** The same entry and the same settling, by {@link DirectExchange}. */
  open(call: CallPlan, maxBytes: number): OpenedCall | Promise<OpenedCall>;
  /** The error is our own limiter's or breaker's refusal. */
  isOwnRefusal(error: AppError): boolean;
  /** Not a byte of the request had left. */
  wasNotSent(error: AppError): boolean;
  breakers(): Record<string, BreakerState>;
  close(): Promise<void>;
}

// After "too many" without a usable time, everybody waits at least this long.
const pauseWithoutNoticeMs = 1_000;
// The status has said the most: another service may be asked instead of waiting for the words.
const refusalTextMs = 1_000;

export interface AttempterOptions {
  options: HttpOptions;
  clock: Clock;
  pacer: Pacer;
}

export function createAttempter(options: AttempterOptions): Attempter {
  return new ServiceAttempter(options);
}

class ServiceAttempter implements Attempter {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  readonly #dispatcher: Dispatcher;
  readonly #follower: Follower;
  readonly #breakers: ServiceBreakers;
  readonly #ownRefusals = new WeakSet<AppError>();
  readonly #unsent = new WeakSet<AppError>();

  constructor({ options, clock, pacer }: AttempterOptions) {
    this.#options = options;
    this.#clock = clock;
    this.#pacer = pacer;
    this.#breakers = new ServiceBreakers({ clock, rules: options.breaker });
    this.#follower = createFollower(options.allowPrivate);
    this.#dispatcher = options.dispatcher ?? createDispatcher(options);
  }

  async attempt(call: CallPlan): Promise<Attempt> {
    call.attempts++;
    const settle = await this.#enter(call);
    const watch: StartWatch = { started: false, once: !call.idempotent };
    const fail = (thrown: unknown): Error => this.#fail(thrown, call, { watch, settle });
    try {
      const answer = await this.#follower.follow(call.prepared, call.redirects, {
        dispatcher: this.#dispatcher,
        signal: call.deadline.signal,
        watch,
        headersTimeoutMs: Math.max(1, Math.ceil(call.deadline.at - this.#clock.monotonic())),
        bodyTimeoutMs: call.bodyTimeoutMs,
      });
      call.status = answer.status;
      if (answer.status >= 300 && !call.answers.includes(answer.status)) throw await this.#refusal(answer, call);
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

  open(call: CallPlan, maxBytes: number): OpenedCall | Promise<OpenedCall> {
    call.attempts++;
    const breaker = this.#breakers.of(call);
    const pass = breaker.state === "closed" ? this.#pacer.enterNow?.(call) : undefined;
    if (pass) return this.#dispatch(call, maxBytes, this.#admit(call, breaker, pass));
    return this.#enter(call).then((settle) => this.#dispatch(call, maxBytes, settle));
  }

  #dispatch(call: CallPlan, maxBytes: number, settle: Settle): OpenedCall {
    const { url, method, headers, body } = call.prepared;
    const exchange = new DirectExchange({
      dispatcher: this.#dispatcher,
      maxBytes,
      request: {
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as "POST",
        headers,
        body: body ?? null,
        // The deadline itself is the sweep's; in whole seconds undici need not set its timer anew for each call.
        headersTimeout: 1_000 * Math.ceil(Math.max(1, call.deadline.at - this.#clock.monotonic()) / 1_000),
        bodyTimeout: call.bodyTimeoutMs,
      },
    });
    let failed: Error | undefined;
    return {
      exchange,
      head: async () => {
        const head = await exchange.head;
        call.status = head.status;
        if (head.status >= 300) throw await this.#refuseDirect(exchange, head, call);
        return head;
      },
      succeed: () => settle("success", "accepted"),
      fail: (thrown) =>
        (failed ??= this.#fail(thrown, call, { watch: { started: exchange.started, once: false }, settle })),
    };
  }

  /** The error's few bytes go the usual way: as a stream that may be packed. */
  async #refuseDirect(exchange: DirectExchange, { status, headers }: DirectHead, call: CallPlan): Promise<AppError> {
    const limits = { maxBytes: maxErrorBytes, waitMs: refusalTextMs, clock: this.#clock };
    const bytes = await collectStart(exchange, limits);
    const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? "")]));
    const body = Readable.from([bytes]) as Answer["body"];
    return await this.#refusal({ url: call.prepared.url, status, headers: flat, body }, call);
  }

  #fail(thrown: unknown, call: CallPlan, { watch, settle }: { watch: StartWatch; settle: Settle }): Error {
    const error = this.#explain(thrown, call, watch);
    settle(isCancelled(call) ? "ignored" : outcomeOf(error), isRejection(error) ? "rejected" : "failed");
    const where = redactUrl(call.prepared.url, call.secretParameter);
    const { operation, attempts } = call;
    this.#options.log.debug({ service: this.#options.service, operation, where, attempts, error }, "call failed");
    return error;
  }

  isOwnRefusal(error: AppError): boolean {
    return this.#ownRefusals.has(error);
  }

  wasNotSent(error: AppError): boolean {
    return this.#unsent.has(error);
  }

  breakers(): Record<string, BreakerState> {
    return this.#breakers.states();
  }

  async close(): Promise<void> {
    await this.#follower.close();
    if (!this.#options.dispatcher) await this.#dispatcher.destroy();
  }

  /** Waits for a place, then asks the breaker last: it may have opened in the meantime. */
  async #enter(call: CallPlan): Promise<Settle> {
    const breaker = this.#breakers.of(call);
    if (breaker.state === "open") throw this.#givenRest(breaker);
    return this.#admit(call, breaker, await this.#pace(call));
  }

  #admit(call: CallPlan, breaker: Breaker, pass: Pass): Settle {
    const before = breaker.state;
    const report = breaker.enter();
    if (!report) {
      pass.leave("failed");
      throw this.#givenRest(breaker);
    }
    let settled = false;
    return (outcome, load, limit) => {
      if (settled) return;
      settled = true;
      report(outcome);
      pass.leave(load, limit);
      const { service, observer } = this.#options;
      if (breaker.state !== before) observer?.breaker?.(service, call.operation, this.#breakers.worst(call.operation));
    };
  }

  async #pace(call: CallPlan): Promise<Pass> {
    const { key, row, weight, deadline } = call;
    const { service, maxWaitMs = Infinity } = this.#options;
    try {
      const pass = await this.#pacer.enter({
        service,
        key,
        row,
        weight,
        deadlineAt: Math.min(deadline.at, this.#clock.monotonic() + maxWaitMs),
        signal: deadline.signal,
      });
      call.waitedMs += pass.waitedMs;
      return pass;
    } catch (error) {
      if (error instanceof AppError) this.#ownRefusals.add(error);
      throw deadline.expired ? timedOut(service, error) : error;
    }
  }

  #givenRest(breaker: Breaker): AppError {
    const { service } = this.#options;
    const refusal = new AppError("unavailable", `${service} has been failing and is given a rest.`, {
      hint: "Try again after the pause.",
      service,
      retryAfterMs: Math.max(1_000, Math.ceil(breaker.retryAfterMs)),
    });
    this.#ownRefusals.add(refusal);
    return refusal;
  }

  #explain(thrown: unknown, call: CallPlan, watch: StartWatch): Error {
    const { service } = this.#options;
    const isLate = call.deadline.expired && !(thrown instanceof AppError);
    const error = isLate ? timedOut(service, thrown) : fromFailure(service, thrown);
    if (!watch.started) this.#unsent.add(error);
    if (!call.idempotent && watch.started && !isDefinite(error)) return outcomeUnknown(service, error);
    return isCancelled(call) && thrown instanceof Error ? thrown : error;
  }

  /** The vendor's "no", and the pause it asks for, which is everybody's. */
  async #refusal(answer: Answer, call: CallPlan): Promise<AppError> {
    const { service, retryAfterHeader, explain } = this.#options;
    const error = await failedAnswer(answer, { service, wallMs: this.#clock.now(), retryAfterHeader, explain });
    const pauseMs = error.retryAfterMs ?? (answer.status === 429 ? pauseWithoutNoticeMs : 0);
    if (pauseMs > 0 && (answer.status === 429 || answer.status === 503)) await this.#pacer.pause(call, pauseMs);
    return error;
  }
}

type Settle = (outcome: BreakerOutcome, load: LoadSignal, reportedLimit?: number) => void;
