import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import { createGraphClient, type GraphOptions, refusedByGraph } from "./graph-client.ts";
import { type Monitor, type MonitorCategory, MonitorNode, toMonitor } from "./monitor.ts";

export interface MonitorsOptions extends GraphOptions {
  spaceId: string;
}

export interface MonitorFilter {
  category?: MonitorCategory | undefined;
  status?: string | undefined;
  /** The project, as the vendor's pages of models name it. */
  modelName?: string | undefined;
}

/** A monitor to be made. The metric must be one of its category. */
export interface NewMonitor {
  category: MonitorCategory;
  modelName: string;
  name: string;
  metric: string;
  operator: string;
  threshold: number;
  notes?: string | undefined;
  /** Seconds; the vendor's default is 72 hours. */
  windowSeconds?: number | undefined;
}

export interface MonitorChange {
  name?: string | undefined;
  notes?: string | undefined;
  operator?: string | undefined;
  threshold?: number | undefined;
}

export interface MonitorsClient {
  fetchMonitors(
    filter: MonitorFilter,
    page: { limit: number; after?: string | undefined },
    signal: AbortSignal,
  ): Promise<MonitorPage>;
  /** Throws AppError `not_found`. */
  fetchMonitor(id: string, signal: AbortSignal): Promise<Monitor>;
  createMonitor(wish: NewMonitor, signal: AbortSignal): Promise<Monitor>;
  patchMonitor(monitor: Pick<Monitor, "id" | "category">, change: MonitorChange, signal: AbortSignal): Promise<Monitor>;
  deleteMonitor(id: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface MonitorPage {
  monitors: Monitor[];
  /** Where the next page begins; absent at the end. */
  next: string | undefined;
}

const fields = `id name notes monitorCategory status threshold operator latestComputedValue evaluatedAt updatedAt
  driftMetric performanceMetric dataQualityMetric`;

const listQuery = `query ($space: ID!, $first: Int, $after: String, $model: String, $category: MonitorCategory, $status: MonitorStatus) {
  node(id: $space) { ... on Space {
    monitors(first: $first, after: $after, modelName: $model, monitorCategory: $category, currentStatus: $status) {
      pageInfo { hasNextPage endCursor } edges { node { ${fields} } } } } } }`;

const getQuery = `query ($id: ID!) { node(id: $id) { ... on Monitor { ${fields} } } }`;

/** Name of the vendor's mutations and inputs, and the member that names the metric. */
const words = {
  drift: { noun: "DriftMonitor", metric: "driftMetric" },
  performance: { noun: "PerformanceMonitor", metric: "performanceMetric" },
  dataQuality: { noun: "DataQualityMonitor", metric: "dataQualityMetric" },
} as const;

const Page = z.object({
  node: z.object({
    monitors: z.object({
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
      edges: z.array(z.object({ node: MonitorNode })).max(1_000),
    }),
  }),
});
const One = z.object({ node: z.union([MonitorNode, z.object({}).transform(() => null)]).nullable() });
const Changed = z.record(z.string(), z.object({ monitor: MonitorNode }));

/**
 * Arize's monitors over GraphQL. There is no sandbox: whoever calls what changes something has had it approved.
 * https://arize.com/docs/ax/graphql-reference/guides/monitors
 */
export function createMonitorsClient({ spaceId, ...options }: MonitorsOptions): MonitorsClient {
  const graph = createGraphClient(options);

  async function change(mutation: string, input: Record<string, unknown>, signal: AbortSignal): Promise<Monitor> {
    const inputType = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}MutationInput`;
    const query = `mutation ($input: ${inputType}!) { ${mutation}(input: $input) { monitor { ${fields} } } }`;
    const changed = await graph.ask(Changed, { query, variables: { input }, changes: true }, signal);
    const node = changed[mutation]?.monitor;
    if (!node) throw refusedByGraph("no monitor in the answer");
    return toMonitor(node);
  }

  return {
    async fetchMonitors({ category, status, modelName }, { limit, after }, signal) {
      const variables = { space: spaceId, first: limit, after, model: modelName, category, status };
      const { node } = await graph.ask(Page, { query: listQuery, variables }, signal);
      const { pageInfo, edges } = node.monitors;
      return {
        monitors: edges.map((edge) => toMonitor(edge.node)),
        next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined,
      };
    },
    async fetchMonitor(id, signal) {
      const { node } = await graph.ask(One, { query: getQuery, variables: { id } }, signal);
      if (node) return toMonitor(node);
      throw new AppError("not_found", "Arize has no such monitor.", {
        hint: "list_monitors shows them.",
        service: "arize",
      });
    },
    async createMonitor({ category, modelName, name, metric, operator, threshold, notes, windowSeconds }, signal) {
      const { noun, metric: member } = words[category];
      const watched = { [member]: metric, operator, threshold, evaluationWindowLengthSeconds: windowSeconds };
      return await change(`create${noun}`, { spaceId, modelName, name, notes, ...watched }, signal);
    },
    async patchMonitor({ id, category }, { name, notes, operator, threshold }, signal) {
      const input = { monitorId: id, set: { name, notes, operator, threshold } };
      return await change(`patch${words[category].noun}`, input, signal);
    },
    async deleteMonitor(id, signal) {
      await change("deleteMonitor", { monitorId: id }, signal);
    },
    close: () => graph.close(),
  };
}
