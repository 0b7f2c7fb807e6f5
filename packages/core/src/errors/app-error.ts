/** What went wrong, from the caller's point of view. The compiler lists the places to decide when one is added. */
export type ErrorKind = keyof typeof errorKinds;

/** One row per kind: may the caller try again unchanged, does the failure belong in the log, the HTTP status it maps to. */
export const errorKinds = {
  invalid_input: { retryable: false, logged: false, httpStatus: 400 },
  not_found: { retryable: false, logged: false, httpStatus: 404 },
  not_configured: { retryable: false, logged: false, httpStatus: 501 },
  denied: { retryable: false, logged: true, httpStatus: 403 },
  approval_required: { retryable: false, logged: false, httpStatus: 403 },
  rate_limited: { retryable: true, logged: false, httpStatus: 429 },
  budget_exceeded: { retryable: false, logged: false, httpStatus: 402 },
  timeout: { retryable: true, logged: false, httpStatus: 504 },
  upstream: { retryable: true, logged: true, httpStatus: 502 },
  unavailable: { retryable: true, logged: true, httpStatus: 503 },
  internal: { retryable: false, logged: true, httpStatus: 500 },
} as const;

/** What a kind alone does not tell, for whoever decides what to try instead. */
export type ErrorReason = "context_length" | "content_policy" | "bad_reply" | "outcome_unknown";

/** What a failed call is billed all the same. */
export interface FailureCost {
  /** In the service's own unit, as its ledger entries count. */
  quantity: number;
  costUsd: number;
  kind: "estimate" | "actual";
}

export interface AppErrorOptions {
  /** The next step, written for the model that reads it. */
  hint?: string;
  /** One of the 19 services, when one is to blame. */
  service?: string;
  /** The vendor's HTTP status, when there was one. */
  status?: number;
  retryAfterMs?: number;
  /** The original error. It goes to the log, never to the caller: vendors quote keys and hostile text in theirs. */
  cause?: unknown;
  reason?: ErrorReason;
  /** Overrides the kind's default, e.g. an upstream failure whose effect is unknown must not be repeated. */
  retryable?: boolean;
}

/** The only error that crosses a boundary. `message` and `hint` are our own words and safe to show. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly service: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly reason: ErrorReason | undefined;
  readonly retryable: boolean;
  /** Set by the adapter that knows the vendor's bill; whoever reserved the call settles at it. */
  cost: FailureCost | undefined;

  constructor(kind: ErrorKind, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.kind = kind;
    this.hint = options.hint;
    this.service = options.service;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason;
    this.retryable = options.retryable ?? errorKinds[kind].retryable;
  }
}

/** Anything thrown → AppError. An unknown error becomes `internal` with nothing of its text: it may quote a connection string. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && (thrown.name === "TimeoutError" || thrown.name === "AbortError")) {
    return new AppError("timeout", "The call was cut off at its deadline or cancelled.", {
      hint: "Narrow the request, or try again.",
      cause: thrown,
    });
  }
  return new AppError("internal", "Something failed inside Sophia.", {
    hint: "The log holds the details under this request id.",
    cause: thrown,
  });
}
