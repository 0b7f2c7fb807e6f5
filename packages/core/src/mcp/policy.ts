import { hash } from "node:crypto";
import type { Context } from "@opentelemetry/api";
import type { Logger } from "pino";
import { AppError, errorKinds, toAppError } from "../errors/app-error.ts";
import type { CallerLimiter } from "../limits/caller-limiter.ts";
import type { Clock } from "../limits/clock.ts";
import type { Audit } from "../observe/audit.ts";
import { attributeNames, withSpan } from "../observe/trace.ts";
import { InputRequired } from "./client-channel.ts";
import type { Caller } from "../approval/caller.ts";

/** One thing a caller asks of the server, as limits, spans, metrics and audit see it. */
export interface Operation {
  /** The protocol's method, e.g. "tools/call". */
  method: string;
  /** The tool that really runs, or the method where there is no tool. From a closed set: it becomes a metric's label. */
  name: string;
  effect: string;
  /** Recorded as a hash only. */
  arguments: unknown;
  caller: Caller;
  requestId: string;
  /** Aborts when the client cancels or goes away. */
  signal: AbortSignal;
  deadlineMs: number;
  /** How a run without an error is recorded. */
  success: "ok" | "planned";
  /** The caller's trace, which the span continues. */
  trace?: Context | undefined;
}

export interface PolicyOptions {
  serverId: string;
  limiter: CallerLimiter;
  audit: Audit;
  observeCall(name: string, outcome: string, durationMs: number): void;
  log: Logger;
  clock: Clock;
}

export interface Policy {
  /**
   * Runs one operation through limit → deadline → span → run → audit. `work` gets a signal that aborts at the deadline
   * or when the caller leaves. Throws AppError, or {@link InputRequired} as it came.
   */
  run<Result>(operation: Operation, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** The whole policy of the system: read it top to bottom. */
export function createPolicy(options: PolicyOptions): Policy {
  const { limiter, audit, log, clock } = options;

  async function record(operation: Operation, outcome: string, durationMs: number): Promise<void> {
    const { requestId, caller, name, effect } = operation;
    options.observeCall(name, outcome, durationMs);
    await audit
      .read({
        requestId,
        caller: caller.id,
        server: options.serverId,
        tool: name,
        effect,
        phase: "call",
        argumentsHash: hash("sha256", JSON.stringify(operation.arguments) ?? ""),
        outcome,
        durationMs: Math.round(durationMs),
      })
      // A read is answered even when its line cannot be written (disk full); a write is not: see apply-change.ts.
      .catch((thrown: unknown) => log.error({ err: thrown }, "audit line not written"));
  }

  function logFailure({ requestId, name }: Operation, error: AppError, thrown: unknown): void {
    const level = errorKinds[error.kind].logged ? "warn" : "debug";
    log[level]({ requestId, tool: name, err: thrown }, "call failed");
  }

  async function run<Result>(operation: Operation, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { signal, name, method } = operation;
    const attributes = { [attributeNames.toolName]: name, [attributeNames.mcpMethod]: method };
    const startedAt = clock.monotonic();
    let outcome: string = operation.success;
    let leave: (() => void) | undefined;
    try {
      leave = limit(limiter, operation.caller, name);
      return await withDeadline(signal, operation.deadlineMs, (deadline) =>
        withSpan(name === method ? method : `${method} ${name}`, attributes, () => work(deadline), operation.trace),
      );
    } catch (thrown) {
      if (thrown instanceof InputRequired) {
        outcome = "input_required";
        throw thrown;
      }
      const error = signal.aborted ? cancelled(thrown) : toAppError(thrown);
      outcome = signal.aborted ? "cancelled" : error.kind;
      logFailure(operation, error, thrown);
      throw error;
    } finally {
      leave?.();
      await record(operation, outcome, clock.monotonic() - startedAt);
    }
  }

  return { run };
}

/** Takes a place for the call; the returned function gives it back. */
function limit(limiter: CallerLimiter, caller: Caller, name: string): () => void {
  const waitMs = limiter.take(`${caller.id}\n${name}`);
  const leave = waitMs === 0 ? limiter.enter(caller.id) : undefined;
  if (leave) return leave;
  const retryAfterMs = Math.max(waitMs, 200);
  throw new AppError("rate_limited", waitMs > 0 ? "Too many calls of this kind." : "Too many calls at once.", {
    hint: `Wait ${(retryAfterMs / 1000).toFixed(1)} s.`,
    retryAfterMs,
  });
}

/** Runs `work` under the caller's signal and a deadline that holds even when the work ignores its signal. */
async function withDeadline<Result>(
  caller: AbortSignal,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (error: Error): void => {
    controller.abort(error);
    reject(error);
  };
  const timer = setTimeout(() => {
    stop(
      new AppError("timeout", `The call did not finish within ${deadlineMs / 1000} s.`, {
        hint: "Narrow the request, or try again.",
      }),
    );
  }, deadlineMs);
  const onAbort = (): void => stop(new AppError("timeout", "The call was cancelled."));
  caller.addEventListener("abort", onAbort, { once: true });
  if (caller.aborted) onAbort();
  try {
    return await Promise.race([stopped, work(controller.signal)]);
  } finally {
    clearTimeout(timer);
    caller.removeEventListener("abort", onAbort);
    stopped.catch(() => {});
  }
}

function cancelled(cause: unknown): AppError {
  return new AppError("timeout", "The call was cancelled.", { cause, retryable: true });
}
