import { AppError } from "@sophia/core/errors/app-error";
import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type Http, type HttpObserver } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { z } from "zod";
import { createLogExports, type LogExports } from "./log-exports.ts";
import { portkeyBaseUrl } from "./provider.ts";

export interface PortkeyClientOptions {
  apiKey: Secret;
  baseUrl?: string;
  log: Logger;
  clock: Clock;
  pacer?: Pacer;
  observer?: HttpObserver;
}

/** What analytics are asked about. Times are wall clock, ms. */
export interface AnalyticsFilter {
  from: number;
  until: number;
  /** With a key of the organisation; one of a workspace knows its own. */
  workspaceSlug?: string;
  traceIds?: readonly string[];
  /** `openai__gpt-5-mini`. */
  models?: readonly string[];
}

/** Graphs that have a total over the range and one figure an hour or day. */
export type AnalyticsGraph = "requests" | "cost" | "latency" | "tokens" | "errors" | "errors/rate" | "cache/hit-rate";

/** Figures by name, as the vendor names them; cost is in US cents, rates in per cent, times in ms. */
export interface AnalyticsSeries {
  summary: Readonly<Record<string, number>>;
  points: readonly { at: string; values: Readonly<Record<string, number>> }[];
}

/** A user, a model or a value of a metadata key. */
export interface AnalyticsGroup {
  name: string;
  requests: number;
  costUsd?: number;
}

export interface PortkeyClient extends LogExports {
  fetchGraph(graph: AnalyticsGraph, filter: AnalyticsFilter, signal: AbortSignal): Promise<AnalyticsSeries>;
  fetchCacheSummary(filter: AnalyticsFilter, signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
  /** `metadata`: by the values of that key. At most 500. */
  fetchGroups(
    by: "users" | "ai-models" | { metadata: string },
    filter: AnalyticsFilter,
    signal: AbortSignal,
  ): Promise<AnalyticsGroup[]>;
  /** `value` −10 to 10, `weight` 0 to 1. Gives the ids to change it by. */
  sendFeedback(feedback: { traceId: string; value: number; weight?: number }, signal: AbortSignal): Promise<string[]>;
  changeFeedback(id: string, feedback: { value: number; weight?: number }, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const Figures = z.record(z.string(), z.unknown()).transform(onlyNumbers);
const Graph = z.object({
  summary: Figures,
  data_points: z.array(z.looseObject({ timestamp: z.string() })).max(10_000),
});
const Summary = z.object({ summary: Figures });
const Group = z.looseObject({
  user: z.string().optional(),
  ai_model: z.string().optional(),
  metadata_value: z.string().optional(),
  // Counts come as numbers or as texts, by the page.
  requests: z.coerce.number().optional(),
  cost: z.coerce.number().optional(),
});
const Groups = z.object({ data: z.array(Group).max(500) });
const FeedbackReply = z.object({ feedback_ids: z.array(z.string()).optional() });

/** What Portkey knows about the calls that went through it. https://portkey.ai/docs/api-reference/admin-api */
export function createPortkeyClient(options: PortkeyClientOptions): PortkeyClient {
  const http: Http = createHttp({
    service: "portkey",
    baseUrl: options.baseUrl ?? portkeyBaseUrl,
    auth: { in: "header", name: "x-portkey-api-key", secret: options.apiKey },
    log: options.log,
    clock: options.clock,
    ...(options.pacer && { pacer: options.pacer }),
    ...(options.observer && { observer: options.observer }),
  });

  return {
    ...createLogExports(http),
    async fetchGraph(graph, filter, signal) {
      const request = { path: `/analytics/graphs/${graph}`, query: toQuery(filter), schema: Graph, signal };
      const { data } = await http.request({ ...request, operation: "analytics" });
      const points = data.data_points.map(({ timestamp, ...values }) => ({
        at: timestamp,
        values: onlyNumbers(values),
      }));
      return { summary: data.summary, points };
    },
    async fetchCacheSummary(filter, signal) {
      const request = { path: "/analytics/summary/cache", query: toQuery(filter), schema: Summary, signal };
      return (await http.request({ ...request, operation: "analytics" })).data.summary;
    },
    async fetchGroups(by, filter, signal) {
      const path =
        typeof by === "string" ? `/analytics/groups/${by}` : apiPath`/analytics/groups/metadata/${by.metadata}`;
      const query = { ...toQuery(filter), page_size: "500", current_page: "0" };
      const { data } = await http.request({ path, query, schema: Groups, signal, operation: "analytics" });
      return data.data.map(({ user, ai_model, metadata_value, requests, cost }) => ({
        name: user ?? ai_model ?? metadata_value ?? "",
        requests: requests ?? 0,
        ...(cost !== undefined && { costUsd: cost / 100 }),
      }));
    },
    async sendFeedback({ traceId, ...feedback }, signal) {
      assertValue(feedback.value);
      const body = { trace_id: traceId, ...feedback };
      const request = { method: "POST", path: "/feedback", body, schema: FeedbackReply, signal } as const;
      return (await http.request({ ...request, operation: "feedback" })).data.feedback_ids ?? [];
    },
    async changeFeedback(id, feedback, signal) {
      assertValue(feedback.value);
      const request = { method: "PUT", path: apiPath`/feedback/${id}`, body: feedback, signal } as const;
      await http.request({ ...request, schema: FeedbackReply, operation: "feedback" });
    },
    close: () => http.close(),
  };
}

function assertValue(value: number): void {
  if (!Number.isInteger(value) || Math.abs(value) > 10) {
    throw new AppError("invalid_input", "Portkey takes feedback as a whole number from -10 to 10.");
  }
}

function toQuery({ from, until, workspaceSlug, traceIds, models }: AnalyticsFilter): Record<string, string> {
  return {
    // Required by the specification, and not looked at where the key belongs to a workspace.
    workspace_slug: workspaceSlug ?? "",
    time_of_generation_min: new Date(from).toISOString(),
    time_of_generation_max: new Date(until).toISOString(),
    ...(traceIds && { trace_id: traceIds.join(",") }),
    ...(models && { ai_org_model: models.join(",") }),
  };
}

function onlyNumbers(values: Readonly<Record<string, unknown>>): Record<string, number> {
  const numbers = Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return Object.fromEntries(numbers);
}
