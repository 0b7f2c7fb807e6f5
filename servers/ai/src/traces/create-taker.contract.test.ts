import { Secret } from "@sophia/core/config/secret";
import { createMetrics, type Metrics } from "@sophia/core/observe/metrics";
import { createVirtualClock, type VirtualClock } from "@sophia/core/testing/virtual-clock";
import { startArizeSimulator } from "@sophia/simulators/arize/simulator";
import { startPhoenixSimulator } from "@sophia/simulators/phoenix/simulator";
import { findArize } from "@sophia/vendors/arize/place";
import { pino } from "pino";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Annotation } from "./annotations.ts";
import { createTaker } from "./create-taker.ts";
import { spanIdsOf, toModelCallSpan } from "./model-call-span.ts";
import { sampleCall, sampleContent } from "./testing/call-samples.ts";
import type { TraceTaker } from "./traces.ts";

let clock: VirtualClock;
let metrics: Metrics;
const { traceId, spanId } = spanIdsOf("r1");
const said: Annotation = {
  requestId: "r1",
  at: Date.UTC(2026, 0, 5),
  name: "feedback",
  kind: "human",
  author: "ann",
  score: 1,
  label: "good",
};

beforeEach(() => {
  clock = createVirtualClock(Date.now());
  metrics = createMetrics({ server: "ai" });
});

async function open(settings: Record<string, unknown>): Promise<TraceTaker> {
  const place = findArize({ ARIZE_PROJECT_NAME: "shop", ARIZE_OTLP_ENDPOINT: "", ...settings });
  if (!place) throw new Error("nothing configured");
  return await createTaker({ place, log: pino({ level: "silent" }), clock, metrics, observer: {} });
}

function tell(taker: TraceTaker): void {
  taker.takeSpan(toModelCallSpan(sampleCall(), sampleContent(), { keep: "full", filter: (text) => text }));
}

test("Phoenix: the call as a span, and every opinion on it", async () => {
  const simulator = await startPhoenixSimulator();
  onTestFinished(() => simulator.close());
  const taker = await open({ ARIZE_OTLP_ENDPOINT: `${simulator.url}/v1` });
  tell(taker);
  taker.takeAnnotation(said);
  taker.takeAnnotation({ ...said, name: "helpful", kind: "model", author: "judge", explanation: "why" });
  await taker.close();
  expect(simulator.spans()).toMatchObject([
    { traceId, spanId, attributes: { "llm.model_name": "small" }, resource: { "openinference.project.name": "shop" } },
  ]);
  expect(simulator.annotations()).toMatchObject([
    {
      span_id: spanId,
      name: "feedback",
      annotator_kind: "HUMAN",
      identifier: "ann",
      result: { score: 1, label: "good" },
    },
    { span_id: spanId, name: "helpful", annotator_kind: "LLM", identifier: "judge", result: { explanation: "why" } },
  ]);
});

test("Arize: people's opinions as annotations, a judge's as a span below the call", async () => {
  const simulator = await startArizeSimulator({ apiKey: "ak-simulated", spaceId: "s1" });
  onTestFinished(() => simulator.close());
  const key = { ARIZE_API_KEY: new Secret("ak-simulated"), ARIZE_SPACE_ID: "s1" };
  const taker = await open({ ...key, ARIZE_OTLP_ENDPOINT: `${simulator.url}/v1` });
  tell(taker);
  taker.takeAnnotation(said);
  taker.takeAnnotation({ ...said, score: 0, label: "bad" });
  taker.takeAnnotation({ ...said, name: "helpful", kind: "model", author: "judge", score: 0.5 });
  await taker.close();
  expect(simulator.annotations()).toEqual([{ spanId, values: [{ name: "feedback", score: 0, label: "bad" }] }]);
  const evaluation = simulator.spans().find(({ name }) => name === "evaluate helpful");
  expect(evaluation).toMatchObject({ traceId, parentSpanId: spanId, attributes: { "eval.helpful.score": 0.5 } });
});

test("an opinion on a span that is not there yet is tried again, and given up after some tries", async () => {
  const simulator = await startPhoenixSimulator();
  onTestFinished(() => simulator.close());
  const taker = await open({ ARIZE_OTLP_ENDPOINT: `${simulator.url}/v1` });
  onTestFinished(() => taker.close());
  simulator.fail(404, 1);
  taker.takeAnnotation(said);
  const waitFor = async (outcome: string): Promise<void> => {
    for (let step = 0; step < 200 && !(await metrics.text()).includes(`outcome="${outcome}"`); step += 1) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await waitFor("sent");
  expect(simulator.annotations()).toHaveLength(1);
  simulator.fail(404, 100);
  taker.takeAnnotation({ ...said, author: "bob" });
  await waitFor("dropped");
  expect(await metrics.text()).toMatch(/sophia_ai_annotations_total\{outcome="dropped",server="ai"\} 1/);
});
