import { context, propagation, trace } from "@opentelemetry/api";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceSecret, Secret } from "../config/secret.ts";
import { systemClock } from "../limits/clock.ts";
import { type FakeUpstream, startFakeUpstream } from "../testing/fake-upstream.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import type { FinishedSpan } from "./finished-span.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { OtlpExporter, type OtlpExporterOptions } from "./otlp-exporter.ts";
import { startTelemetry } from "./otlp-telemetry.ts";
import { readTraceContext, withSpan } from "./trace.ts";

let upstream: FakeUpstream;
let metrics: Metrics;
const open: OtlpExporter[] = [];

beforeEach(async () => {
  upstream = await startFakeUpstream();
  metrics = createMetrics({ server: "test" });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((exporter) => exporter.close()));
  await upstream.stop();
});

function start(options: Partial<OtlpExporterOptions> = {}): OtlpExporter {
  const exporter = new OtlpExporter({
    destination: {
      service: "arize",
      baseUrl: `${upstream.url}/v1`,
      path: "/traces",
      headers: { "arize-space-id": "space-1" },
      auth: { in: "header", name: "arize-api-key", secret: key },
      resource: { "openinference.project.name": "shop" },
    },
    log: pino({ level: "silent" }),
    clock: systemClock,
    metrics,
    ...options,
  });
  open.push(exporter);
  return exporter;
}

const key = new Secret("key-one-0123456789");

function span(id: number, more: Partial<FinishedSpan> = {}): FinishedSpan {
  return {
    traceId: id.toString(16).padStart(32, "a"),
    spanId: id.toString(16).padStart(16, "b"),
    name: `call ${id}`,
    kind: "client",
    startMs: 1_767_000_000_000.25,
    endMs: 1_767_000_000_120.75,
    attributes: { "llm.model_name": "m", "llm.token_count.total": 12 },
    ...more,
  };
}

async function countOf(outcome: string): Promise<number> {
  const line = (await metrics.text()).split("\n").find((text) => text.includes(`outcome="${outcome}"`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("a flush lasts no longer than one batch may, however many wait before a slow place", async () => {
  upstream.on("POST /v1/traces", (_request, response) => void setTimeout(() => response.end(), 250));
  const exporter = start({ maxBatch: 1, timeoutMs: 400 });
  for (let id = 1; id <= 8; id += 1) exporter.addFinished(span(id));
  const startedAt = performance.now();
  await exporter.flush();
  expect(performance.now() - startedAt).toBeLessThan(1_200);
  expect(upstream.requests.length).toBeLessThan(8);
});

test("a batch goes out as protobuf, with the headers of the place and the key of the moment", async () => {
  upstream.on("POST /v1/traces", { body: "" });
  const exporter = start();
  exporter.addFinished(span(1));
  exporter.addFinished(span(2, { parentSpanId: "c".repeat(16), failure: "It failed." }));
  await exporter.flush();
  replaceSecret(key, "key-two-0123456789");
  exporter.addFinished(span(3));
  await exporter.flush();
  const [first, second] = upstream.requests;
  expect(first?.headers).toMatchObject({
    "content-type": "application/x-protobuf",
    "arize-space-id": "space-1",
    "arize-api-key": "key-one-0123456789",
  });
  expect(first?.body).toContain("openinference.project.name");
  expect(first?.body).toContain("call 2");
  expect(first?.body).toContain("It failed.");
  expect(second?.headers["arize-api-key"]).toBe("key-two-0123456789");
  expect(await countOf("exported")).toBe(3);
});

test("beyond the bound spans are dropped and counted; adding never waits", async () => {
  upstream.on("POST /v1/traces", { body: "" });
  const clock = createVirtualClock();
  const exporter = start({ clock, maxWaiting: 5, maxBatch: 100 });
  for (let id = 1; id <= 8; id += 1) exporter.addFinished(span(id));
  expect(upstream.requests).toHaveLength(0);
  expect(await countOf("dropped")).toBe(3);
  await exporter.flush();
  expect(upstream.requests).toHaveLength(1);
  expect(await countOf("exported")).toBe(5);
});

test("a place that fails costs its spans, one log line, and nothing else", async () => {
  upstream.on("POST /v1/traces", { status: 500 }, { status: 500 }, { status: 400 }, { body: "" });
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  const exporter = start({ log });
  for (const id of [1, 2, 3]) {
    exporter.addFinished(span(id));
    await exporter.flush();
  }
  expect(await countOf("dropped")).toBe(2);
  expect(await countOf("exported")).toBe(1);
  const told = lines.filter((line) => line.includes("traces"));
  expect(told.filter((line) => line.includes("cannot be delivered"))).toHaveLength(1);
  expect(told.at(-1)).toContain("delivered again");
  expect(lines.join("")).not.toContain("key-");
});

test("what the receiver says it rejected does not count as exported", async () => {
  // ExportTraceServiceResponse { partial_success { rejected_spans: 2 } }
  const rejectedTwo = Buffer.from([0x0a, 0x02, 0x08, 0x02]);
  upstream.on("POST /v1/traces", (_request, response) => void response.writeHead(200).end(rejectedTwo));
  const exporter = start();
  for (const id of [1, 2, 3]) exporter.addFinished(span(id));
  await exporter.flush();
  expect([await countOf("exported"), await countOf("dropped")]).toEqual([1, 2]);
});

test("closing delivers what is left and takes no more", async () => {
  upstream.on("POST /v1/traces", { body: "" });
  const exporter = start({ gatherMs: 60_000 });
  exporter.addFinished(span(1));
  await exporter.close();
  exporter.addFinished(span(2));
  expect(upstream.requests).toHaveLength(1);
  expect(await countOf("dropped")).toBe(1);
});

test("without an endpoint nothing is set up; with one, spans nest, continue the caller's trace and are delivered", async () => {
  const options = { server: "ai", version: "1", log: pino({ level: "silent" }), clock: systemClock, metrics };
  await (await startTelemetry({ ...options, endpoint: undefined, headers: undefined })).close();
  expect(await withSpan("a", {}, (active) => Promise.resolve(active.isRecording()))).toBe(false);

  upstream.on("POST /v1/traces", { body: "" });
  const headers = new Secret("authorization=Bearer%20otlp-key-12345,x-scope=team");
  const telemetry = await startTelemetry({ ...options, endpoint: upstream.url, headers });
  const parent = readTraceContext({ traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" });
  const ids = await withSpan(
    "outer",
    {},
    (outer) =>
      withSpan("inner", { "tool.name": "x" }, (inner) =>
        Promise.resolve([outer.spanContext(), inner.spanContext()] as const),
      ),
    parent,
  );
  await telemetry.close();
  expect(ids[0].traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  expect(ids[1].traceId).toBe(ids[0].traceId);
  const [request] = upstream.requests;
  expect(request?.headers).toMatchObject({ authorization: "Bearer otlp-key-12345", "x-scope": "team" });
  expect(request?.body).toContain("sophia-ai");
  expect(request?.body).toContain("inner");
  // The API is a no-op again for whoever comes next in this process.
  expect([trace.getActiveSpan(), propagation.fields(), context.active()]).toMatchObject([undefined, [], {}]);
});
