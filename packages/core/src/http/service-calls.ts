import { AppError } from "../errors/app-error.ts";
import type { BreakerState } from "../limits/breaker.ts";
import { abortReason, systemClock, type Clock } from "../limits/clock.ts";
import { createMemoryLimitStore } from "../limits/limit-store.ts";
import { createPacer } from "../limits/pacer.ts";
import type { LimitRow } from "../limits/rules.ts";
import { createRetryBudget, retry, type RetryBudget } from "../limits/retry.ts";
import { createAttempter, type Attempt, type Attempter, type CallPlan } from "./attempt.ts";
import { credentialId, resolveAuth } from "./auth.ts";
import { startDeadline } from "./deadline.ts";
import { DirectCalls } from "./direct-calls.ts";
import type { Answer } from "./exchange.ts";
import { timedOut } from "./failures.ts";
import type { HttpCall, HttpCallOptions, HttpOptions, HttpStream } from "./http.ts";
import { prepareRequest } from "./prepare.ts";

/** The policy around one exchange, the same for whole bodies and streams. */
export interface ServiceCalls {
  call<T>(request: HttpCallOptions, read: (answer: Answer) => Promise<T>): Promise<T>;
  open(
    request: HttpCallOptions,
    idleTimeoutMs: number,
    decode: (answer: Answer) => AsyncGenerator<Buffer, void, undefined>,
  ): Promise<HttpStream>;
  readonly direct: DirectCalls;
  breakers(): Record<string, BreakerState>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const defaultBodyTimeoutMs = 20_000;

export function createServiceCalls(options: HttpOptions): ServiceCalls {
  return new PacedCalls(options);
}

class PacedCalls implements ServiceCalls {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #base: { url: URL; headers: Readonly<Record<string, string>> };
  readonly #budget: RetryBudget;
  readonly #attempter: Attempter;
  readonly direct: DirectCalls;

  constructor(options: HttpOptions) {
    const clock = options.clock ?? systemClock;
    const pacer = options.pacer ?? createPacer({ store: createMemoryLimitStore({ clock }), clock });
    this.#options = options;
    this.#clock = clock;
    this.#base = { url: new URL(options.baseUrl), headers: options.headers ?? {} };
    this.#budget = createRetryBudget({ clock });
    this.#attempter = createAttempter({ options, clock, pacer });
    this.direct = new DirectCalls({ options, clock, attempter: this.#attempter });
  }

  async call<T>(request: HttpCallOptions, read: (answer: Answer) => Promise<T>): Promise<T> {
    const call = await this.#plan(request, defaultBodyTimeoutMs);
    try {
      return await this.#observed(request, call, () =>
        this.#withRetry(call, async (attempt) => {
          const value = await read(attempt.answer);
          attempt.succeed();
          return value;
        }),
      );
    } finally {
      call.deadline.end();
    }
  }

  async open(
    request: HttpCallOptions,
    idleTimeoutMs: number,
    decode: (answer: Answer) => AsyncGenerator<Buffer, void, undefined>,
  ): Promise<HttpStream> {
    const call = await this.#plan(request, idleTimeoutMs);
    try {
      const attempt = await this.#observed(request, call, () =>
        this.#withRetry(call, (opened) => Promise.resolve(opened)),
      );
      const { answer } = attempt;
      return { status: answer.status, headers: answer.headers, body: relay(attempt, call, decode(answer)) };
    } catch (error) {
      call.deadline.end();
      throw error;
    }
  }

  breakers(): Record<string, BreakerState> {
    return this.#attempter.breakers();
  }

  async close(): Promise<void> {
    await this.#attempter.close();
  }

  async #plan(request: HttpCallOptions, bodyTimeoutMs: number): Promise<CallPlan> {
    const options = this.#options;
    const method = request.method ?? "GET";
    const row = findRow(options.limits, method, request.path);
    const deadline = startDeadline(
      this.#clock,
      request.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs,
      request.signal,
    );
    try {
      const auth = await resolveAuth(options.auth, deadline);
      return {
        prepared: prepareRequest(this.#base, { ...request, method }, auth),
        row,
        key: `${options.service}:${credentialId(auth)}`,
        secretParameter: auth?.in === "query" ? auth.name : undefined,
        operation: request.operation ?? row?.class ?? method,
        part: request.part,
        restedByCaller: request.restedByCaller ?? false,
        weight: request.weight ?? 1,
        idempotent: request.idempotent ?? (method !== "POST" && method !== "PATCH"),
        redirects: method === "GET" || method === "HEAD" ? (request.redirects ?? 0) : 0,
        answers: request.answers ?? [],
        bodyTimeoutMs,
        deadline,
        attempts: 0,
        waitedMs: 0,
        status: undefined,
      };
    } catch (error) {
      deadline.end();
      throw deadline.expired ? timedOut(options.service, error) : error;
    }
  }

  /** Runs attempts until `use` has made something of an answer. */
  async #withRetry<T>(call: CallPlan, use: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { attempts, random } = this.#options;
    const attempter = this.#attempter;
    async function once(): Promise<T> {
      const attempt = await attempter.attempt(call);
      try {
        return await use(attempt);
      } catch (error) {
        throw attempt.fail(error);
      }
    }
    return await retry(once, {
      clock: this.#clock,
      budget: this.#budget,
      idempotent: call.idempotent,
      deadlineAt: call.deadline.at,
      signal: call.deadline.signal,
      isFinal: (error) => attempter.isOwnRefusal(error),
      isBeforeEffect: (error) => attempter.wasNotSent(error),
      ...(attempts === undefined ? {} : { attempts }),
      ...(random === undefined ? {} : { random }),
    });
  }

  /** Metrics and span around the whole call; the spine works the same with neither. */
  async #observed<T>(request: HttpCallOptions, call: CallPlan, work: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.monotonic();
    const { observer, service } = this.#options;
    const method = call.prepared.method as HttpCall["method"];
    let outcome = "ok";
    try {
      if (!observer?.span) return await work();
      return await observer.span(`${method} ${service}`, this.#attributes(request, call), async (set) => {
        try {
          return await work();
        } finally {
          if (call.status !== undefined) set("http.response.status_code", call.status);
          if (call.attempts > 1) set("http.request.resend_count", call.attempts - 1);
        }
      });
    } catch (error) {
      outcome = error instanceof AppError ? error.kind : "cancelled";
      throw error;
    } finally {
      const { operation, status, attempts, waitedMs } = call;
      const durationMs = this.#clock.monotonic() - startedAt;
      observer?.call?.({ service, operation, method, outcome, status, attempts, waitedMs, durationMs });
    }
  }

  // Names of the OpenTelemetry semantic conventions for HTTP clients.
  #attributes(request: HttpCallOptions, call: CallPlan): Record<string, string | number | boolean> {
    const { url } = this.#base;
    return {
      "http.request.method": call.prepared.method,
      "server.address": url.hostname,
      "server.port": Number(url.port || (url.protocol === "https:" ? 443 : 80)),
      "sophia.service": this.#options.service,
      "sophia.operation": call.operation,
      ...request.attributes,
    };
  }
}

function findRow(rows: readonly LimitRow[] | undefined, method: string, path: string): LimitRow | undefined {
  return rows?.find(
    (row) => (row.method === undefined || row.method === method) && (row.path === undefined || row.path.test(path)),
  );
}

/** The body of a stream; whichever way its reader leaves, the attempt is settled and the timers freed. */
function relay(
  attempt: Attempt,
  call: CallPlan,
  chunks: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  // A body nobody reads is let go at the deadline, with its socket and its place in the limits.
  const { signal } = call.deadline;
  function letGo(): void {
    attempt.fail(abortReason(signal));
    call.deadline.end();
  }
  signal.addEventListener("abort", letGo, { once: true });
  if (signal.aborted) letGo();
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* chunks;
      attempt.succeed();
    } catch (error) {
      throw attempt.fail(error);
    } finally {
      signal.removeEventListener("abort", letGo);
      attempt.abandon();
      call.deadline.end();
    }
  }
  return body();
}
