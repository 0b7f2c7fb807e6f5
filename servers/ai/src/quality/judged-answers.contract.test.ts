import { silentLog, startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createMetrics } from "@sophia/core/observe/metrics";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleCall, sampleContent } from "../traces/testing/call-samples.ts";
import { traceMigrations, type TraceTables } from "../traces/trace-tables.ts";
import { createTraces } from "../traces/traces.ts";
import { readJudgedAnswers } from "./judged-answers.ts";

describe.each(["sqlite", "postgres"] as const)("judged answers on %s", (kind) => {
  let engine: StoreEngine | undefined;
  beforeAll(async () => {
    engine = await startEngine(kind);
  }, 60_000);
  afterAll(() => engine?.stop());

  test("count each answer once, by the mean of what was said of it", async (context) => {
    if (!engine) return context.skip();
    const store = await engine.open<TraceTables>(await engine.createPlace(), [traceMigrations]);
    const clock = createVirtualClock();
    const traces = createTraces({
      store,
      clock,
      log: silentLog,
      metrics: createMetrics({ server: "ai" }),
      scrub: (text) => text,
      keep: "full",
      limits: { maxAgeMs: 1e10, maxContentBytes: 1e9 },
      tracing: false,
    });
    const calls = {
      good: {},
      split: {},
      bad: {},
      old: {},
      cached: { cache: "semantic" },
      played: { mode: "simulated" },
    };
    for (const [requestId, more] of Object.entries(calls)) {
      traces.sink(sampleCall({ requestId, startedAt: clock.now(), ...(more as object) }), sampleContent());
    }
    traces.sink(sampleCall({ requestId: "other", startedAt: clock.now(), category: "code" }), sampleContent());
    await traces.flush();
    const say = (requestId: string, score: number | undefined, author: string, at = clock.now()) =>
      traces.annotate({
        requestId,
        at,
        name: "feedback",
        kind: "human",
        author,
        ...(score !== undefined && { score }),
      });
    await say("good", 1, "ann");
    await say("good", 0.9, "bob");
    // A half is not good enough.
    await say("split", 1, "ann");
    await say("split", 0, "bob");
    await say("bad", 0, "ann");
    await say("bad", undefined, "bob");
    await say("old", 1, "ann", clock.now() - 1_000);
    await say("cached", 1, "ann");
    await say("played", 1, "ann");
    await say("other", 1, "ann");
    expect(await readJudgedAnswers(store, clock.now())).toEqual([
      { category: "support", model: "small", judged: 3, passed: 1 },
      { category: "code", model: "small", judged: 1, passed: 1 },
    ]);
    await traces.close();
  });
});
