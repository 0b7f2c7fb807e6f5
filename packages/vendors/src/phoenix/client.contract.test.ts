import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { createMetrics } from "@sophia/core/observe/metrics";
import { OtlpExporter } from "@sophia/core/observe/otlp-exporter";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { type PhoenixSimulator, startPhoenixSimulator } from "@sophia/simulators/phoenix/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findArize, toOtlpDestination } from "../arize/place.ts";
import { createPhoenixClient, type PhoenixClient } from "./client.ts";

const apiKey = "phoenix-key-0123456789";
const { signal } = new AbortController();
const common = { log: pino({ level: "silent" }), clock: systemClock };
let simulator: PhoenixSimulator;
let recorder: Recorder;
let client: PhoenixClient;

beforeAll(async () => {
  simulator = await startPhoenixSimulator({ apiKey });
  recorder = await startRecorder(simulator.url);
  client = createPhoenixClient({ ...common, baseUrl: recorder.url, apiKey: new Secret(apiKey) });
});
afterAll(async () => {
  await client.close();
  await recorder.close();
  await simulator.close();
});

const spanId = "b7ad6b7169203331";

test("traces arrive and are read back", async () => {
  const settings = {
    ARIZE_API_KEY: new Secret(apiKey),
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
  exporter.addFinished({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId,
    name: "chat small",
    kind: "client",
    startMs: Date.now() - 500,
    endMs: Date.now(),
    attributes: { "openinference.span.kind": "LLM", "llm.token_count.total": 7 },
    failure: "timeout",
  });
  await exporter.close();
  expect((await client.fetchProjects(signal)).map(({ name }) => name)).toEqual(["default", "shop"]);
  expect(await client.fetchSpans("shop", 10, signal)).toEqual([
    {
      spanId,
      traceId: "0af7651916cd43dd8448eb211c80319c",
      name: "chat small",
      kind: "LLM",
      statusCode: "ERROR",
      attributes: { "openinference.span.kind": "LLM", "llm.token_count.total": 7 },
    },
  ]);
  await expect(client.fetchSpans("none", 10, signal)).rejects.toMatchObject({ kind: "not_found" });
});

test("an opinion is written once for each author, and read back", async () => {
  const said = { spanId, name: "feedback", annotatorKind: "HUMAN" as const, identifier: "ann", score: 0, label: "bad" };
  await client.annotateSpans([said], signal);
  await client.annotateSpans([{ ...said, score: 1, label: "good", explanation: "On reflection." }], signal);
  expect(await client.fetchAnnotations("shop", [spanId], signal)).toEqual([
    { ...said, score: 1, label: "good", explanation: "On reflection." },
  ]);
});

test("a wrong key and a failing server are told in our words", async () => {
  const stranger = createPhoenixClient({ ...common, baseUrl: simulator.url, apiKey: new Secret("wrong") });
  await expect(stranger.fetchProjects(signal)).rejects.toMatchObject({ kind: "not_configured" });
  await stranger.close();
  simulator.fail(500, 4);
  await expect(client.fetchProjects(signal)).rejects.toMatchObject({ kind: "upstream", service: "arize" });
  simulator.fail(0, 0);
});

const file = findSpecification("arize-phoenix-openapi.json");
test.skipIf(file === undefined)("every exchange is as the vendor's specification says", () => {
  const specification = loadSpecification(file ?? "");
  const exchanges = recorder.exchanges().filter(({ status }) => status < 400);
  expect(exchanges.flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toEqual([
    "GET /v1/projects",
    "GET /v1/projects/{project_identifier}/span_annotations",
    "GET /v1/projects/{project_identifier}/spans",
    "POST /v1/span_annotations",
  ]);
});
