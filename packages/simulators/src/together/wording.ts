const typeOfStatus: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "payment_required",
  403: "invalid_request_error",
  404: "model_not_available",
  429: "rate_limit",
  503: "overloaded",
  504: "timeout",
};

/** https://docs.together.ai/docs/error-codes */
export function wordError(
  code: number | string,
  errorType?: string,
  message = "VENDOR TEXT: simulated failure",
): unknown {
  const type = errorType ?? typeOfStatus[Number(code)] ?? "server_error";
  return { error: { message, type, param: null, code: typeof code === "string" ? code : null } };
}
