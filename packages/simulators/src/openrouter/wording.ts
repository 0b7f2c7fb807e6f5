const typeOfStatus: Readonly<Record<number, string>> = {
  400: "invalid_request",
  401: "authentication",
  402: "payment_required",
  403: "permission_denied",
  404: "not_found",
  408: "timeout",
  413: "payload_too_large",
  422: "unprocessable",
  429: "rate_limit_exceeded",
  500: "server",
  502: "provider_unavailable",
  503: "provider_overloaded",
  524: "timeout",
  529: "provider_overloaded",
};

/** https://openrouter.ai/docs/api-reference/errors */
export function wordError(
  code: number | string,
  errorType?: string,
  message = "VENDOR TEXT: simulated failure",
): unknown {
  const status = Number(code);
  const word = errorType ?? typeOfStatus[status] ?? "unmapped";
  return { error: { code: Number.isInteger(status) ? status : 502, message, metadata: { error_type: word } } };
}

/** The end of a stream that failed after it had begun. */
export function wordErrorChunk(frame: Record<string, unknown>, errorType = "provider_unavailable"): unknown {
  return {
    ...frame,
    error: { code: 502, message: "VENDOR TEXT: provider disconnected", metadata: { error_type: errorType } },
    choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }],
  };
}
