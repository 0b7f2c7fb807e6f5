import { AppError } from "../errors/app-error.ts";
import type { BreakerState } from "../limits/breaker.ts";
import { abortReason, systemClock } from "../limits/clock.ts";
import { createMemoryLimitStore } from "../limits/limit-store.ts";
import { createPacer } from "../limits/pacer.ts";
import { createRetryBudget, retry } from "../limits/retry.ts";
import { createAttempter, type Attempt, type CallPlan } from "./attempt.ts";
import { credentialId, resolveAuth } from "./auth.ts";
import { startDeadline } from "./deadline.ts";
import type { Answer } from "./exchange.ts";
import type { HttpCall, HttpCallOptions, HttpOptions, HttpStream } from "./http.ts";
import { prepareRequest } from "./prepare.ts";

/** The policy around one exchange, the same for whole bodies and streams. */
export interface Caller {
  call<T>(request: HttpCallOptions, read: (answer: Answer) => Promise<T>): Promise<T>;
  open(
    request: HttpCallOptions,
    idleTimeoutMs: number,
    decode: (answer: Answer) => AsyncGenerator<Buffer, void, undefined>,
  ): Promise<HttpStream>;
  breakers(): Record<string, BreakerState>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const defaultBodyTimeoutMs = 20_000;

export function createCaller(options: HttpOptions): Caller {
  const { service, clock = systemClock } = options;
  const base = { url: new URL(options.baseUrl), headers: options.headers ?? {} };
  const budget = createRetryBudget({ clock });
  const pacer = options.pacer ?? createPacer({ store: createMemoryLimitStore({ clock }), clock });
  const attempter = createAttempter({ options, clock, pacer });

  async function plan(request: HttpCallOptions, bodyTimeoutMs: number): Promise<CallPlan> {
    const method = request.method ?? "GET";
    const auth = await resolveAuth(options.auth);
    const prepared = prepareRequest(base, { ...request, method }, auth);
    const row = options.limits?.find(
      (candidate) =>
        (candidate.method === undefined || candidate.method === method) &&
        (candidate.path === undefined || candidate.path.test(request.path)),
    );
    return {
      prepared,
      row,
      key: `${service}:${credentialId(auth)}`,
      secretParameter: auth?.in === "query" ? auth.name : undefined,
      operation: request.operation ?? row?.class ?? method,
      weight: request.weight ?? 1,
      idempotent: request.idempotent ?? (method !== "POST" && method !== "PATCH"),
      redirects: method === "GET" || method === "HEAD" ? (request.redirects ?? 0) : 0,
      bodyTimeoutMs,
      deadline: startDeadline(clock, request.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs, request.signal),
      attempts: 0,
      waitedMs: 0,
      status: undefined,
    };
  }

  /** Runs attempts until `use` has made something of an answer. */
  async function withRetry<T>(call: CallPlan, use: (attempt: Attempt) => Promise<T>): Promise<T> {
    return await retry(
      async () => {
        const attempt = await attempter.attempt(call);
        try {
          return await use(attempt);
        } catch (error) {
          throw attempt.fail(error);
        }
      },
      {
        clock,
        budget,
        idempotent: call.idempotent,
        deadlineAt: call.deadline.at,
        signal: call.deadline.signal,
        isFinal: attempter.isOwnRefusal,
        isBeforeEffect: attempter.wasNotSent,
        ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
        ...(options.random === undefined ? {} : { random: options.random }),
      },
    );
  }

  async function observed<T>(request: HttpCallOptions, call: CallPlan, work: () => Promise<T>): Promise<T> {
    const startedAt = clock.monotonic();
    const observer = options.observer;
    let outcome = "ok";
    try {
      if (!observer?.span) return await work();
      return await observer.span(`${call.prepared.method} ${service}`, attributesOf(request, call), async (set) => {
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
      observer?.call?.(report(call, outcome, clock.monotonic() - startedAt));
    }
  }

  function attributesOf(request: HttpCallOptions, call: CallPlan): Record<string, string | number | boolean> {
    return {
      "http.request.method": call.prepared.method,
      "server.address": base.url.hostname,
      "server.port": Number(base.url.port || (base.url.protocol === "https:" ? 443 : 80)),
      "sophia.service": service,
      "sophia.operation": call.operation,
      ...request.attributes,
    };
  }

  function report(call: CallPlan, outcome: string, durationMs: number): HttpCall {
    const { operation, status, attempts, waitedMs, prepared } = call;
    const method = prepared.method as HttpCall["method"];
    return { service, operation, method, outcome, status, attempts, waitedMs, durationMs };
  }

  return {
    async call(request, read) {
      const call = await plan(request, defaultBodyTimeoutMs);
      try {
        return await observed(request, call, () =>
          withRetry(call, async (attempt) => {
            const value = await read(attempt.answer);
            attempt.succeed();
            return value;
          }),
        );
      } finally {
        call.deadline.end();
      }
    },
    async open(request, idleTimeoutMs, decode) {
      const call = await plan(request, idleTimeoutMs);
      try {
        const attempt = await observed(request, call, () => withRetry(call, (opened) => Promise.resolve(opened)));
        const { answer } = attempt;
        return { status: answer.status, headers: answer.headers, body: relay(attempt, call, decode(answer)) };
      } catch (error) {
        call.deadline.end();
        throw error;
      }
    },
    breakers: () => attempter.breakers(),
    close: () => attempter.close(),
  };
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
