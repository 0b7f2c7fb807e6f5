import { AppError } from "../errors/app-error.ts";

export type FailureClass =
  | "auth"
  | "payment"
  | "rate_limited"
  | "context_length"
  | "bad_request"
  | "content_policy"
  | "not_found"
  | "unavailable"
  | "timeout"
  | "bad_reply"
  | "cancelled"
  | "budget";

/** A failed model call, in the router's terms. */
export interface Failure {
  class: FailureClass;
  /** What may be tried instead. */
  next: "stop" | "other_target" | "longer_context" | "other_provider";
  /** Whom it speaks against: nobody but this request, this model at this endpoint, or the whole endpoint. */
  affects: "request" | "model" | "provider";
  retryAfterMs?: number | undefined;
}

type Consequence = Pick<Failure, "next" | "affects">;

const consequences: Readonly<Record<FailureClass, Consequence>> = {
  auth: { next: "other_provider", affects: "provider" },
  payment: { next: "other_provider", affects: "provider" },
  rate_limited: { next: "other_provider", affects: "provider" },
  context_length: { next: "longer_context", affects: "request" },
  bad_request: { next: "stop", affects: "request" },
  // A text one provider refuses is not carried from door to door.
  content_policy: { next: "stop", affects: "request" },
  not_found: { next: "other_target", affects: "model" },
  unavailable: { next: "other_target", affects: "model" },
  timeout: { next: "other_target", affects: "model" },
  bad_reply: { next: "other_target", affects: "model" },
  cancelled: { next: "stop", affects: "request" },
  // Another target may be cheap enough; its own reservation decides.
  budget: { next: "other_target", affects: "request" },
};

/**
 * Anything a model call threw → what to do about it. A call the caller broke off is `cancelled` only when `signal` says
 * so: our own deadline aborts in the same way.
 */
export function classifyFailure(thrown: unknown, signal?: AbortSignal): Failure {
  const error = thrown instanceof AppError ? thrown : undefined;
  const name = signal?.aborted && error?.status === undefined ? "cancelled" : toClass(thrown);
  const unreachable = name === "unavailable" && error?.kind === "upstream" && error.status === undefined;
  return {
    class: name,
    ...consequences[name],
    ...(unreachable && { affects: "provider" as const }),
    ...(error?.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
}

function toClass(thrown: unknown): FailureClass {
  if (!(thrown instanceof AppError)) {
    return thrown instanceof Error && (thrown.name === "TimeoutError" || thrown.name === "AbortError")
      ? "timeout"
      : "bad_request";
  }
  if (thrown.reason !== undefined && thrown.reason !== "outcome_unknown") return thrown.reason;
  switch (thrown.kind) {
    case "not_configured":
    case "denied":
      // Without a status it is our own refusal, e.g. of a key that may not use the model.
      return thrown.status === undefined ? "bad_request" : "auth";
    case "budget_exceeded":
      return thrown.status === undefined ? "budget" : "payment";
    case "rate_limited":
      return "rate_limited";
    case "timeout":
      return "timeout";
    case "not_found":
      return thrown.status === undefined ? "bad_request" : "not_found";
    case "upstream":
    case "unavailable":
      return "unavailable";
    case "invalid_input":
    case "approval_required":
    case "internal":
      return "bad_request";
  }
}
