import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../store/store.ts";
import { startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import type { PastRequest } from "./outcome.ts";
import { createOutcomeStore, type JudgedOutcome } from "./outcome-store.ts";
import { type RouteTables, routeMigrations } from "./route-tables.ts";

const engines: readonly Engine[] = ["sqlite", "postgres"];

describe.each(engines)("outcomes on %s", (name) => {
  let engine: StoreEngine | undefined;
  beforeAll(async () => {
    engine = await startEngine(name);
  }, 60_000);
  afterEach(() => engine?.closeStores());
  afterAll(() => engine?.stop());

  async function openWorld(maxRequests = 100) {
    const place = await engine!.createPlace();
    const store = await engine!.open<RouteTables>(place, [routeMigrations]);
    const clock = createVirtualClock();
    const outcomes = createOutcomeStore({ store, clock, maxRequests });
    const another = createOutcomeStore({ store, clock, maxRequests });
    const judged = (id: string, more: Partial<JudgedOutcome> = {}): JudgedOutcome => ({
      id,
      at: clock.now(),
      category: "c",
      vector: Float32Array.of(0.6, 0.8),
      embeddingModelId: "e",
      score: { family: "m", score: 1, trust: 1 },
      source: "judge",
      ...more,
    });
    return { store, clock, outcomes, another, judged };
  }

  async function read(outcomes: { readChanges(take: (past: PastRequest) => void): Promise<void> }) {
    const found: PastRequest[] = [];
    await outcomes.readChanges((past) => found.push(past));
    return found;
  }

  test("what one process saves another reads, once it has changed, with vector and scores", async ({ skip }) => {
    if (!engine) skip();
    const { clock, outcomes, another, judged } = await openWorld();
    await outcomes.save(judged("a"));
    await outcomes.save(judged("b", { vector: undefined, embeddingModelId: undefined }));
    const first = await read(another);
    expect(first.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(first[0]).toMatchObject({
      category: "c",
      embeddingModelId: "e",
      scores: [{ family: "m", score: 1, trust: 1 }],
    });
    expect(first[0]!.vector![1]).toBeCloseTo(0.8, 2);
    expect(first[1]).not.toHaveProperty("vector");
    await clock.advance(60_000);
    await outcomes.save(judged("c"));
    expect((await read(another)).map(({ id }) => id)).toContain("c");
    // Some seconds are read again, because clocks differ; not the whole past.
    expect((await read(another)).map(({ id }) => id)).toEqual(["c"]);
  });

  test("the verdict that is trusted more stays, of equals the later; other models' verdicts stand beside it", async ({
    skip,
  }) => {
    if (!engine) skip();
    const { outcomes, judged } = await openWorld();
    const score = (value: number, trust: number, family = "m") => ({ score: { family, score: value, trust } });
    await outcomes.save(judged("a", score(0.5, 0.5)));
    await outcomes.save(judged("a", score(0, 0.3)));
    expect((await outcomes.save(judged("a", score(0.9, 1, "n")))).scores).toHaveLength(2);
    const past = await outcomes.save(judged("a", score(0.7, 0.5)));
    expect(past.scores.find(({ family }) => family === "m")).toEqual({ family: "m", score: 0.7, trust: 0.5 });
  });

  test("reads page by page, and keeps the newest only", async ({ skip }) => {
    if (!engine) skip();
    const { store, clock, outcomes, another, judged } = await openWorld(600);
    const rows = Array.from({ length: 1_100 }, (_, index) => ({
      id: `r${String(index).padStart(4, "0")}`,
      at: clock.now() + index,
      changed_at: clock.now() + (index >> 1),
      category: "c",
      embedding_model_id: "",
      vector: "",
    }));
    for (let start = 0; start < rows.length; start += 100) {
      await store.db
        .insertInto("route_requests")
        .values(rows.slice(start, start + 100))
        .execute();
    }
    expect((await read(another)).length).toBeGreaterThanOrEqual(598);
    await outcomes.save(judged("r0000"));
    await outcomes.prune();
    const left = await store.db.selectFrom("route_requests").select("id").orderBy("at").execute();
    expect(left).toHaveLength(600);
    expect(left[0]?.id).toBe("r0500");
    expect(await store.db.selectFrom("route_scores").selectAll().execute()).toEqual([]);
  });
});
