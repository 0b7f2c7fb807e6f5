import { pino } from "pino";
import type { Caller } from "@sophia/core/approval/caller";
import type { FinishedSpan } from "@sophia/core/observe/finished-span";
import { createMetrics } from "@sophia/core/observe/metrics";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock, type VirtualClock } from "@sophia/core/testing/virtual-clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Engine, Store } from "@sophia/core/store/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Annotation } from "./annotations.ts";
import type { KeepContent } from "./redact-content.ts";
import { sampleCall, sampleContent } from "./testing/call-samples.ts";
import { traceMigrations, type TraceTables } from "./trace-tables.ts";
import { createTraces, type Traces } from "./traces.ts";

const operator: Caller = { id: "op", name: "op", scopes: ["read", "write"] };
const application: Caller = { id: "c1", name: "shop", scopes: ["read"] };
const dayMs = 86_400_000;
const newest = { limit: 50, after: undefined };

describe.each<Engine>(["sqlite", "postgres"])("traces on %s", (engineName) => {
  let engine: StoreEngine | undefined;
  let store: Store<TraceTables & CoreTables>;
  let clock: VirtualClock;
  const spans: FinishedSpan[] = [];
  const opinions: Annotation[] = [];

  beforeAll(async () => {
    engine = await startEngine(engineName);
    if (engine) store = await engine.open(await engine.createPlace(), [traceMigrations]);
  });
  afterAll(() => engine?.stop());
  beforeEach(async (context) => {
    if (!engine) return context.skip();
    for (const table of ["ai_annotations", "ai_trace_contents", "ai_traces"] as const) {
      await store.db.deleteFrom(table).execute();
    }
    clock = createVirtualClock();
    spans.length = 0;
    opinions.length = 0;
  });

  function open(keep: KeepContent = "redacted", maxContentBytes = 1e9): Traces {
    return createTraces({
      store,
      clock,
      log: pino({ level: "silent" }),
      metrics: createMetrics({ server: "ai" }),
      scrub: (text) => text.replaceAll("our-own-secret", "[secret]"),
      keep,
      limits: { maxAgeMs: 30 * dayMs, maxContentBytes },
      tracing: false,
      taker: {
        takeSpan: (span) => spans.push(span),
        takeAnnotation: (said) => opinions.push(said),
        close: async () => {},
      },
    });
  }

  test("a call is kept whole, masked, and handed on as a span", async () => {
    const traces = open();
    const said = {
      messages: [{ role: "user", content: "Mail ann@example.com, key our-own-secret\u0000" }],
      answer: "Done.",
    };
    traces.sink(sampleCall(), { ...said, vector: Float32Array.of(1, 0, 0.5), embeddingModelId: "e1" });
    const found = await traces.read("r1", application);
    expect(found).toMatchObject({ record: sampleCall(), refusal: false, annotations: [] });
    expect(found.content).toEqual({
      messages: [{ role: "user", text: "Mail [email], key [secret]" }],
      answer: "Done.",
      redacted: true,
    });
    expect(spans).toHaveLength(1);
    expect(JSON.stringify(spans)).not.toContain("ann@example.com");
    const row = await store.db.selectFrom("ai_traces").select(["sketch", "sketch_model"]).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ sketch: expect.any(String), sketch_model: "e1" });
  });

  test("kept off, nothing of what was said is anywhere", async () => {
    const traces = open("off");
    traces.sink(sampleCall(), sampleContent({ answer: "The answer is blue." }));
    expect((await traces.read("r1", operator)).content).toBeUndefined();
    expect(JSON.stringify(spans)).not.toContain("blue");
  });

  test("filters, order and pages", async () => {
    const traces = open();
    const at = (index: number) => clock.now() - index * 60_000;
    for (let index = 0; index < 12; index += 1) {
      traces.sink(
        sampleCall({
          requestId: `r${String(index).padStart(2, "0")}`,
          startedAt: at(index),
          caller: index % 2 === 0 ? "c1" : "c2",
          model: index < 6 ? "small" : "large",
          outcome: index === 3 ? "error" : "ok",
          costUsd: index / 1_000,
          totalMs: 100 * index,
        }),
        sampleContent({
          answer:
            index === 5 ? 'It says "50% off_now".' : index === 7 ? "I'm sorry, but I can't help with that." : "Fine.",
        }),
      );
    }
    const ids = async (filter: Parameters<Traces["find"]>[0], caller = operator) =>
      (await traces.find(filter, newest, caller)).map(({ requestId }) => requestId);
    expect(await ids({})).toEqual(Array.from({ length: 12 }, (_, index) => `r${String(index).padStart(2, "0")}`));
    expect(await ids({ outcome: "error" })).toEqual(["r03"]);
    expect(await ids({ model: "large", caller: "c2" })).toEqual(["r07", "r09", "r11"]);
    expect(await ids({ minCostUsd: 0.01 })).toEqual(["r10", "r11"]);
    expect(await ids({ minTotalMs: 1_050 })).toEqual(["r11"]);
    expect(await ids({ refusal: true })).toEqual(["r07"]);
    expect(await ids({ text: "50% OFF_now" })).toEqual(["r05"]);
    expect(await ids({ text: "50%_off" })).toEqual([]);
    expect(await ids({ text: "restart billing" })).toHaveLength(12);
    expect(await ids({ from: at(4), until: at(1) })).toEqual(["r02", "r03", "r04"]);
    expect(await ids({}, { ...application, id: "c2" })).toHaveLength(6);
    const first = await traces.find({}, { limit: 5, after: undefined }, operator);
    const last = first.at(-1);
    const second = await traces.find(
      {},
      { limit: 5, after: last && { at: last.at, requestId: last.requestId } },
      operator,
    );
    expect(second.map(({ requestId }) => requestId)).toEqual(["r05", "r06", "r07", "r08", "r09"]);
  });

  test("another caller's trace is not found by an application", async () => {
    const traces = open();
    traces.sink(sampleCall({ caller: "c2" }), sampleContent());
    await expect(traces.read("r1", application)).rejects.toMatchObject({ kind: "not_found" });
    expect((await traces.read("r1", operator)).record.caller).toBe("c2");
  });

  test("an opinion replaces the same author's earlier one, is masked and handed on", async () => {
    const traces = open();
    traces.sink(sampleCall(), sampleContent());
    const said = { requestId: "r1", at: clock.now(), name: "feedback", kind: "human" as const, author: "c1" };
    await traces.annotate({ ...said, score: 0, explanation: "Wrong; ask bob@example.com" });
    await traces.annotate({ ...said, score: 1 });
    await traces.annotate({ ...said, author: "c2", score: 0.5 });
    const { annotations } = await traces.read("r1", operator);
    expect(annotations.map(({ author, score, explanation }) => [author, score, explanation])).toEqual(
      expect.arrayContaining([
        ["c1", 1, undefined],
        ["c2", 0.5, undefined],
      ]),
    );
    expect(annotations).toHaveLength(2);
    expect(opinions[0]?.explanation).toBe("Wrong; ask [email]");
  });

  test("old traces go, what was said goes before, and the oldest words when they are too many", async () => {
    const traces = open("full", 2_500);
    const add = (requestId: string, ageDays: number) =>
      traces.sink(
        sampleCall({ requestId, startedAt: clock.now() - ageDays * dayMs }),
        sampleContent({ answer: "x".repeat(1_000) }),
      );
    for (const [requestId, age] of [
      ["old", 31],
      ["half", 16],
      ["c", 3],
      ["b", 2],
      ["a", 1],
    ] as const)
      add(requestId, age);
    await traces.flush();
    await traces.prune(new AbortController().signal);
    expect((await traces.find({}, newest, operator)).map(({ requestId }) => requestId)).toEqual([
      "a",
      "b",
      "c",
      "half",
    ]);
    const contents = await store.db
      .selectFrom("ai_trace_contents")
      .select("request_id")
      .orderBy("request_id")
      .execute();
    expect(contents.map((row) => row.request_id)).toEqual(["a", "b"]);
  });
});
