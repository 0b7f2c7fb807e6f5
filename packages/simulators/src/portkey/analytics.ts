import { isCacheHit, type LoggedRequest, selectRequests } from "./request-log.ts";

type Numbers = Record<string, number>;
type Measure = (requests: readonly LoggedRequest[]) => Numbers;

const bucketMs = 3_600_000;

/** Every figure of the API is an integer: cents, milliseconds, per cent. */
const measures: Readonly<Record<string, { summary: Measure; point: Measure }>> = {
  requests: both((requests) => ({ total: requests.length })),
  cost: both((requests) => ({ total: sum(requests, "cost"), avg: average(requests.map(({ cost }) => cost)) })),
  latency: both((requests) => {
    const times = requests.map(({ latencyMs }) => latencyMs).sort((left, right) => left - right);
    const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? 0;
    return { avg: average(times), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
  }),
  tokens: both((requests) => {
    const tokens = requests.map(({ promptTokens, completionTokens }) => promptTokens + completionTokens);
    return { total: tokens.reduce((left, right) => left + right, 0), avg: average(tokens) };
  }),
  users: both((requests) => ({ total: new Set(requests.map(userOf)).size })),
  errors: both((requests) => ({ total: requests.filter(isError).length })),
  "errors/rate": both((requests) => ({ rate: percent(requests.filter(isError).length, requests.length) })),
  "cache/hit-rate": {
    summary: (requests) => {
      const total = requests.filter(isCacheHit).length;
      return { total, rate: percent(total, requests.length) };
    },
    point: (requests) => ({
      simple_hits: requests.filter(({ cache }) => cache === "HIT").length,
      semantic_hits: requests.filter(({ cache }) => cache === "SEMANTIC HIT").length,
      rate: percent(requests.filter(isCacheHit).length, requests.length),
      cumulative_simple_cache_savings: 0,
      cumulative_semantic_cache_savings: 0,
    }),
  },
  "cache/latency": {
    summary: () => ({}),
    point: (requests) => ({ avg: average(requests.filter(isCacheHit).map(({ latencyMs }) => latencyMs)) }),
  },
  feedbacks: both((requests) => ({ total: requests.flatMap(({ feedback }) => feedback).length })),
  "feedbacks/weighted": both((requests) => ({
    avg: average(requests.flatMap(({ feedback }) => feedback).map(({ value, weight }) => value * weight)),
  })),
};

/** `GET /analytics/…`; `undefined`: there is no such page. */
export function buildAnalytics(path: string, query: URLSearchParams, all: readonly LoggedRequest[]): unknown {
  const requests = selectRequests(all, query);
  const graph = /^graphs\/(.+)$/.exec(path)?.[1];
  const measure = graph === undefined ? undefined : measures[graph];
  if (measure) {
    return {
      summary: measure.summary(requests),
      data_points: buildBuckets(requests).map(([timestamp, part]) => ({ timestamp, ...measure.point(part) })),
      object: "analytics-graph",
    };
  }
  if (path === "summary/cache") return { summary: summariseCache(requests), object: "analytics-summary" };
  const groups = groupRequests(path, requests);
  if (!groups) return undefined;
  const size = Number(query.get("page_size") ?? 50);
  const start = Number(query.get("current_page") ?? 0) * size;
  return { object: "list", total: groups.length, data: groups.slice(start, start + size) };
}

function both(measure: Measure) {
  return { summary: measure, point: measure };
}

function buildBuckets(requests: readonly LoggedRequest[]): [timestamp: string, requests: LoggedRequest[]][] {
  const buckets = Map.groupBy(requests, ({ at }) => Math.floor(at / bucketMs) * bucketMs);
  return [...buckets].map(([at, part]) => [new Date(at).toISOString(), part]);
}

function summariseCache(requests: readonly LoggedRequest[]): Numbers {
  const hits = requests.filter(isCacheHit);
  const others = average(requests.filter((request) => !isCacheHit(request)).map(({ latencyMs }) => latencyMs));
  const own = average(hits.map(({ latencyMs }) => latencyMs));
  return {
    hits: hits.length,
    avg_latency: own,
    total_requests: requests.length,
    cache_speedup: percent(others - own, others),
  };
}

/** The vendor words some counts as texts. */
function groupRequests(path: string, requests: readonly LoggedRequest[]): object[] | undefined {
  const object = "analytics-group";
  if (path === "groups/users") {
    return [...Map.groupBy(requests, userOf)].map(([user, part]) => ({
      user,
      requests: String(part.length),
      cost: String(sum(part, "cost")),
      object,
    }));
  }
  if (path === "groups/ai-models") {
    const groups = Map.groupBy(requests, ({ model }) => model);
    return [...groups].map(([model, part]) => ({ ai_model: model, requests: String(part.length), object }));
  }
  const key = /^groups\/metadata\/([^/]+)$/.exec(path)?.[1];
  if (key === undefined) return undefined;
  const named = requests.filter(({ metadata }) => key in metadata);
  return [...Map.groupBy(named, ({ metadata }) => String(metadata[key]))].map(([value, part]) => ({
    metadata_value: value,
    requests: part.length,
    cost: sum(part, "cost"),
    avg_tokens: average(part.map(({ promptTokens, completionTokens }) => promptTokens + completionTokens)),
    avg_weighted_feedback: 0,
    requests_with_feedback: part.filter(({ feedback }) => feedback.length > 0).length,
    last_seen: new Date(Math.max(...part.map(({ at }) => at))).toISOString(),
    object,
  }));
}

function userOf({ metadata }: LoggedRequest): string {
  const user = metadata["_user"];
  return typeof user === "string" ? user : "";
}

function isError({ status }: LoggedRequest): boolean {
  return status >= 400;
}

function sum(requests: readonly LoggedRequest[], name: "cost"): number {
  return Math.round(requests.reduce((total, request) => total + request[name], 0));
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.round(values.reduce((left, right) => left + right, 0) / values.length);
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((100 * part) / whole);
}
