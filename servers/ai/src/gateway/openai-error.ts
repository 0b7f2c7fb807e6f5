import { type AppError, type ErrorKind, errorKinds } from "@sophia/core/errors/app-error";

const types: Readonly<Record<ErrorKind, { type: string; code: string }>> = {
  invalid_input: { type: "invalid_request_error", code: "invalid_request" },
  not_found: { type: "invalid_request_error", code: "model_not_found" },
  not_configured: { type: "api_error", code: "not_configured" },
  denied: { type: "permission_error", code: "denied" },
  approval_required: { type: "permission_error", code: "approval_required" },
  rate_limited: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  budget_exceeded: { type: "insufficient_quota", code: "insufficient_quota" },
  timeout: { type: "api_error", code: "timeout" },
  upstream: { type: "api_error", code: "upstream_error" },
  unavailable: { type: "api_error", code: "unavailable" },
  internal: { type: "api_error", code: "internal_error" },
};

/** An error as OpenAI's clients read it. https://platform.openai.com/docs/guides/error-codes */
export function toErrorBody(error: AppError): { error: Record<string, unknown> } {
  const message = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return { error: { message, param: null, ...types[error.kind] } };
}

/** Status and headers; the official clients obey `x-should-retry` before their own rules. */
export function toErrorHead(error: AppError): { status: number; headers: Record<string, string> } {
  const retryAfterMs = error.retryAfterMs;
  return {
    status: errorKinds[error.kind].httpStatus,
    headers: {
      "x-should-retry": String(error.retryable),
      ...(retryAfterMs !== undefined && { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    },
  };
}
