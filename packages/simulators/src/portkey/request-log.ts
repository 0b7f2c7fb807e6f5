/** One request that went through the simulated gateway; everything it tells about the past is counted from these. */
export interface LoggedRequest {
  id: string;
  traceId: string;
  /** Wall clock, ms. */
  at: number;
  /** E.g. `openai`. */
  provider: string;
  model: string;
  promptTokens: number;
  completionTokens: number;
  /** US cents. */
  cost: number;
  latencyMs: number;
  status: number;
  cache: "HIT" | "SEMANTIC HIT" | "MISS" | "SEMANTIC MISS" | "DISABLED" | "REFRESH";
  metadata: Readonly<Record<string, unknown>>;
  feedback: { id: string; value: number; weight: number }[];
}

export function isCacheHit({ cache }: LoggedRequest): boolean {
  return cache === "HIT" || cache === "SEMANTIC HIT";
}

/** Those of a time range and of the filters that the simulator knows: trace ids, and `provider__model` pairs. */
export function selectRequests(requests: readonly LoggedRequest[], query: URLSearchParams): LoggedRequest[] {
  const from = Date.parse(query.get("time_of_generation_min") ?? "");
  const to = Date.parse(query.get("time_of_generation_max") ?? "");
  const traces = query.get("trace_id")?.split(",");
  const models = query.get("ai_org_model")?.split(",");
  return requests.filter(
    (request) =>
      request.at >= from &&
      request.at <= to &&
      (traces?.includes(request.traceId) ?? true) &&
      (models?.includes(`${request.provider}__${request.model}`) ?? true),
  );
}
