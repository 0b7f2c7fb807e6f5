import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { createMetrics } from "@sophia/core/observe/metrics";
import { OtlpExporter } from "@sophia/core/observe/otlp-exporter";
import { type ArizeSimulator, startArizeSimulator } from "@sophia/simulators/arize/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMonitorsClient, type MonitorsClient } from "./monitors-client.ts";
import { findArize, toOtlpDestination } from "./place.ts";
import { type ArizeRestClient, createArizeRestClient } from "./rest-client.ts";

const apiKey = new Secret("ak-simulated-0123456789abcdefghij");
const spaceId = "U3BhY2U6MQ==";
const { signal } = new AbortController();
const common = { log: pino({ level: "silent" }), clock: systemClock, apiKey, spaceId };
let simulator: ArizeSimulator;
let monitors: MonitorsClient;
let rest: ArizeRestClient;

beforeAll(async () => {
  simulator = await startArizeSimulator({ apiKey: "ak-simulated-0123456789abcdefghij", spaceId });
  monitors = createMonitorsClient({ ...common, baseUrl: simulator.url });
  rest = createArizeRestClient({ ...common, baseUrl: simulator.url });
});
afterAll(async () => {
  await Promise.all([monitors.close(), rest.close()]);
  await simulator.close();
});

const span = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  name: "chat small",
  kind: "client" as const,
  startMs: Date.now() - 500,
  endMs: Date.now(),
  attributes: {
    "openinference.span.kind": "LLM",
    "llm.token_count.total": 7,
    "llm.cost.total": 0.25,
    "tag.tags": ["a", "b"],
  },
};

test("traces arrive with key, space and project; then they can be annotated, all or none", async () => {
  const settings = {
    ARIZE_API_KEY: apiKey,
    ARIZE_SPACE_ID: spaceId,
    ARIZE_OTLP_ENDPOINT: `${simulator.url}/v1`,
    ARIZE_PROJECT_NAME: "shop",
  };
  const place = findArize(settings);
  const destination = place && toOtlpDestination(place, "sophia-ai");
  const exporter = new OtlpExporter({
    ...common,
    metrics: createMetrics({ server: "t" }),
    destination: destination ?? ({} as never),
  });
  await expect(rest.fetchProjectId("shop", signal)).rejects.toMatchObject({ kind: "not_found" });
  exporter.addFinished(span);
  await exporter.close();
  expect(simulator.spans()).toMatchObject([
    {
      traceId: span.traceId,
      spanId: span.spanId,
      name: "chat small",
      statusCode: "OK",
      attributes: span.attributes,
      resource: { "service.name": "sophia-ai", "openinference.project.name": "shop" },
    },
  ]);
  expect(Number(simulator.spans()[0]?.startNano ?? 0n) / 1e6).toBeCloseTo(span.startMs, 0);

  const target = { projectId: await rest.fetchProjectId("shop", signal), days: 7 };
  const opinion = { spanId: span.spanId, values: [{ name: "feedback", score: 1, label: "good" }] };
  await expect(
    rest.annotateSpans([opinion, { ...opinion, spanId: "0000000000000001" }], target, signal),
  ).rejects.toMatchObject({ kind: "not_found" });
  expect(simulator.annotations()).toEqual([]);
  await rest.annotateSpans([opinion], target, signal);
  expect(simulator.annotations()).toEqual([opinion]);
});

test("monitors are listed, filtered and paged", async () => {
  const all = await monitors.fetchMonitors({}, { limit: 2 }, signal);
  expect(all.monitors).toHaveLength(2);
  const rest2 = await monitors.fetchMonitors({}, { limit: 2, after: all.next }, signal);
  expect(rest2).toMatchObject({ monitors: [{ category: "dataQuality", metric: "percentEmpty" }], next: undefined });
  const drift = await monitors.fetchMonitors({ category: "drift", modelName: "sophia" }, { limit: 10 }, signal);
  expect(drift.monitors).toMatchObject([
    { name: "Prompt drift", metric: "psi", threshold: 0.1, latestValue: expect.any(Number) },
  ]);
  expect((await monitors.fetchMonitors({ status: "noData" }, { limit: 10 }, signal)).monitors).toEqual([]);
});

test.each([
  ["drift", "psi"],
  ["performance", "accuracy"],
  ["dataQuality", "p95"],
] as const)("a %s monitor is made, changed and deleted", async (category, metric) => {
  const wish = {
    category,
    metric,
    modelName: "sophia",
    name: `new ${category}`,
    operator: "greaterThan",
    threshold: 0.9,
  };
  const made = await monitors.createMonitor({ ...wish, windowSeconds: 86_400 }, signal);
  expect(made).toMatchObject({ name: wish.name, category, metric, threshold: 0.9, status: "cleared" });
  const changed = await monitors.patchMonitor(made, { threshold: 0, notes: "n" }, signal);
  expect(changed).toMatchObject({ id: made.id, threshold: 0, notes: "n", status: "triggered" });
  expect(await monitors.fetchMonitor(made.id, signal)).toMatchObject({ threshold: 0 });
  await monitors.deleteMonitor(made.id, signal);
  await expect(monitors.fetchMonitor(made.id, signal)).rejects.toMatchObject({ kind: "not_found" });
});

test("what GraphQL refuses inside a 200 is a failure in our words, and a mutation is not repeated", async () => {
  simulator.fail("graphql", 1);
  const refused = monitors.fetchMonitors({}, { limit: 1 }, signal);
  await expect(refused).rejects.toMatchObject({ kind: "invalid_input", message: "Arize refused the request." });
  const before = simulator.monitors().length;
  simulator.fail(503, 1);
  const wish = {
    category: "drift" as const,
    metric: "psi",
    modelName: "sophia",
    name: "once",
    operator: "greaterThan",
    threshold: 1,
  };
  await expect(monitors.createMonitor(wish, signal)).rejects.toMatchObject({ service: "arize" });
  expect(simulator.monitors()).toHaveLength(before);
  // A metric of another category is a mistake the schema itself finds.
  await expect(monitors.createMonitor({ ...wish, metric: "accuracy" }, signal)).rejects.toMatchObject({
    kind: "invalid_input",
  });
});

test("a wrong key is a wrong key, everywhere", async () => {
  const wrong = { ...common, apiKey: new Secret("ak-wrong"), baseUrl: simulator.url };
  const [graph, api] = [createMonitorsClient(wrong), createArizeRestClient(wrong)];
  await expect(graph.fetchMonitors({}, { limit: 1 }, signal)).rejects.toMatchObject({ kind: "not_configured" });
  await expect(api.fetchProjectId("shop", signal)).rejects.toMatchObject({ kind: "not_configured" });
  await Promise.all([graph.close(), api.close()]);
});
