import { createHash } from "node:crypto";
import { graphql, GraphQLError } from "graphql";
import { monitorSchema } from "./monitor-schema.ts";

type Category = "drift" | "performance" | "dataQuality";

/** A monitor as the simulator keeps it, under the vendor's names. */
export interface SimulatedMonitor {
  __typename: "Monitor";
  id: string;
  name: string;
  monitorCategory: Category;
  modelName: string;
  operator: string;
  threshold: number | null;
  latestComputedValue: number;
  [field: string]: unknown;
}

interface PageArguments {
  first?: number;
  after?: string;
  modelName?: string;
  monitorCategory?: string;
  currentStatus?: string;
}

type Input = Record<string, unknown>;

const maxMonitors = 500;

/** Monitors of one space. Values follow from the seed and the name, so that they are the same each time. */
export class Monitors {
  readonly #seed: number;
  readonly #spaceId: string;
  readonly #monitors: SimulatedMonitor[] = [];
  #made = 0;

  constructor({ seed, spaceId }: { seed: number; spaceId: string }) {
    this.#seed = seed;
    this.#spaceId = spaceId;
    this.#add("drift", { name: "Prompt drift", driftMetric: "psi", dimensionCategory: "embedding", threshold: 0.1 });
    this.#add("performance", {
      name: "Accuracy",
      performanceMetric: "accuracy",
      operator: "lessThan",
      threshold: 0.05,
    });
    this.#add("dataQuality", { name: "Empty answers", dataQualityMetric: "percentEmpty", threshold: 5 });
  }

  list(): readonly SimulatedMonitor[] {
    return this.#monitors;
  }

  /** Answers one GraphQL request: data, errors, or both. */
  async answer({ query, variables = {} }: { query: string; variables?: Input }): Promise<unknown> {
    const root = {
      node: ({ id }: { id: string }) => this.#node(id),
      deleteMonitor: ({ input }: { input: { monitorId: string } }) => this.#delete(input.monitorId),
      createDriftMonitor: ({ input }: { input: Input }) => this.#create("drift", input),
      createPerformanceMonitor: ({ input }: { input: Input }) => this.#create("performance", input),
      createDataQualityMonitor: ({ input }: { input: Input }) => this.#create("dataQuality", input),
      patchDriftMonitor: ({ input }: { input: Input }) => this.#patch("drift", input),
      patchPerformanceMonitor: ({ input }: { input: Input }) => this.#patch("performance", input),
      patchDataQualityMonitor: ({ input }: { input: Input }) => this.#patch("dataQuality", input),
    };
    return await graphql({ schema: monitorSchema, source: query, rootValue: root, variableValues: variables });
  }

  #node(id: string) {
    if (id !== this.#spaceId) return shown(this.#find(id));
    return { __typename: "Space", id, name: "Simulated space", monitors: (wish: PageArguments) => this.#page(wish) };
  }

  #add(category: Category, input: Input): SimulatedMonitor {
    if (this.#monitors.length >= maxMonitors) throw new GraphQLError("Too many monitors");
    this.#made += 1;
    const name = typeof input["name"] === "string" ? input["name"] : "";
    const digest = createHash("sha256").update(`${this.#seed} ${name}`).digest();
    const monitor: SimulatedMonitor = {
      operator: "greaterThan",
      threshold: null,
      modelName: "sophia",
      ...input,
      __typename: "Monitor",
      id: Buffer.from(`Monitor:${this.#made}`).toString("base64"),
      name,
      monitorCategory: category,
      latestComputedValue: digest.readUInt16BE(0) / 65_536 / 2,
      evaluatedAt: new Date().toISOString(),
      updatedAt: new Date().toISOString(),
    };
    this.#monitors.push(monitor);
    return monitor;
  }

  #find(id: unknown): SimulatedMonitor {
    const found = this.#monitors.find((monitor) => monitor.id === id);
    if (!found) throw new GraphQLError("Monitor not found");
    return found;
  }

  #create(category: Category, input: Input) {
    if (input["spaceId"] !== this.#spaceId) throw new GraphQLError("Space not found");
    return { monitor: shown(this.#add(category, input)) };
  }

  #patch(category: Category, { monitorId, set }: Input) {
    const monitor = this.#find(monitorId);
    if (monitor.monitorCategory !== category) throw new GraphQLError(`Monitor is not a ${category} monitor`);
    Object.assign(monitor, set, { updatedAt: new Date().toISOString() });
    return { monitor: shown(monitor) };
  }

  #delete(id: string) {
    const monitor = this.#find(id);
    this.#monitors.splice(this.#monitors.indexOf(monitor), 1);
    return { monitor: shown(monitor) };
  }

  #page({ first = 10, after, ...wish }: PageArguments) {
    const found = this.#monitors.filter(
      (monitor) =>
        monitor.modelName === (wish.modelName ?? monitor.modelName) &&
        monitor.monitorCategory === (wish.monitorCategory ?? monitor.monitorCategory) &&
        statusOf(monitor) === (wish.currentStatus ?? statusOf(monitor)),
    );
    const start = Number(after ?? 0);
    const pageInfo = { hasNextPage: start + first < found.length, endCursor: String(start + first) };
    return { pageInfo, edges: found.slice(start, start + first).map((monitor) => ({ node: shown(monitor) })) };
  }
}

function shown(monitor: SimulatedMonitor) {
  return { ...monitor, status: statusOf(monitor) };
}

function statusOf({ threshold, operator, latestComputedValue }: SimulatedMonitor): string {
  if (threshold === null) return "noData";
  const isOver = latestComputedValue > threshold;
  return (operator.startsWith("less") ? !isOver : isOver) ? "triggered" : "cleared";
}
