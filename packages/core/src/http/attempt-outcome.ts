import { AppError } from "../errors/app-error.ts";
import type { BreakerOutcome } from "../limits/breaker.ts";
import type { LimitRow } from "../limits/rules.ts";
import type { CallPlan } from "./attempt.ts";
import { BodyTooLargeError } from "./body.ts";
import type { Answer } from "./exchange.ts";

/** The caller gave up before the deadline did. */
export function isCancelled(call: CallPlan): boolean {
  return call.deadline.signal.aborted && !call.deadline.expired;
}

/** The service answered, and the answer says that nothing was done. */
export function isDefinite(error: AppError): boolean {
  const { status } = error;
  return status !== undefined && status >= 300 && status < 500 && status !== 408;
}

export function isRejection(error: Error): boolean {
  return error instanceof AppError && error.status === 429;
}

// Any answer below 500 comes from a service that works, whatever it says; what never became an answer is a failure.
export function outcomeOf(error: Error): BreakerOutcome {
  if (!(error instanceof AppError) || error.cause instanceof BodyTooLargeError) return "ignored";
  return error.status !== undefined && error.status < 500 && error.status !== 408 ? "success" : "failure";
}

export function reportedLimit(answer: Answer, row: LimitRow | undefined): number | undefined {
  const header = row?.concurrency?.header;
  const value = header === undefined ? Number.NaN : Number(answer.headers[header.toLowerCase()]);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
