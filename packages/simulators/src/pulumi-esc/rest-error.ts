/** An answer that is an error, as the service words them: a code and a message. */
export class RestError extends Error {
  readonly status: number;
  readonly diagnostics: readonly unknown[] | undefined;

  constructor(status: number, message: string, diagnostics?: readonly unknown[]) {
    super(message);
    this.name = "RestError";
    this.status = status;
    this.diagnostics = diagnostics;
  }
}

const statusByKind: Readonly<Record<string, number>> = {
  invalid_input: 400,
  not_found: 404,
  denied: 403,
  not_configured: 403,
  rate_limited: 429,
  timeout: 504,
  unavailable: 503,
};

/** The store's own errors are known by their `kind`; of any other nothing is said. */
export function toRestError(thrown: unknown): RestError {
  if (thrown instanceof RestError) return thrown;
  if (!(thrown instanceof Error) || !("kind" in thrown)) return new RestError(500, "Internal Server Error");
  const conflict = "status" in thrown && thrown.status === 409;
  return new RestError(conflict ? 409 : (statusByKind[String(thrown.kind)] ?? 500), thrown.message);
}
