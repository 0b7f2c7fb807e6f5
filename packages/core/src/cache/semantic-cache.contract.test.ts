import fc from "fast-check";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildLexicalVector } from "../embed/lexical-embedder.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { silentLog, startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createSemanticCache } from "./create-semantic-cache.ts";
import type { SemanticCacheOptions } from "./semantic-cache-options.ts";
import type { SemanticCache, SemanticQuestion } from "./semantic-cache.ts";
import { semanticMigrations, type SemanticTables } from "./semantic-tables.ts";

type Tables = CoreTables & SemanticTables;

const dimension = 64;

function ask(text: string, changes: Partial<SemanticQuestion> = {}): SemanticQuestion {
  const vector = buildLexicalVector(text, dimension);
  return { partition: "p", category: "c", text, vector, modelId: "m", ...changes };
}

/** As an account that may not create extensions: PostgreSQL without pgvector, whatever this machine's has. */
async function disown(place: StorePlace): Promise<StorePlace> {
  const url = new URL(place.url ?? "");
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query("do $$ begin create role plain login; exception when duplicate_object then null; end $$");
  await client.query(`alter database ${url.pathname.slice(1)} owner to plain`);
  await client.end();
  url.username = "plain";
  return { ...place, url: url.href };
}

describe.each(["sqlite", "postgres", "pgvector"] as const)("the semantic cache on %s", (name) => {
  let engine: StoreEngine | undefined;
  let place: StorePlace;
  let store: Store<Tables>;
  let clock: VirtualClock;

  beforeAll(async () => {
    engine = await startEngine(name);
  }, 90_000);
  afterAll(() => engine?.stop());
  beforeEach(async (context) => {
    if (!engine) return context.skip();
    place = await engine.createPlace();
    if (name === "postgres") place = await disown(place);
    store = await engine.open<Tables>(place, [semanticMigrations]);
    clock = createVirtualClock();
  });
  afterEach(() => engine?.closeStores());

  function create(options: Partial<SemanticCacheOptions<Tables>> = {}): SemanticCache {
    // Time stands still but for the moment in which writes are gathered.
    const gathering = { ...clock, now: clock.now, monotonic: clock.monotonic, sleep: async () => {} };
    return createSemanticCache<Tables>({ store, clock: gathering, log: silentLog, random: () => 0.999, ...options });
  }

  /** As after some hundred misses: above a score of 0.5 nearly everything was right. */
  async function train(cache: SemanticCache, category = "c"): Promise<void> {
    const created_at = clock.now();
    const checks = Array.from({ length: 400 }, (_, index) => {
      const score = 0.3 + (index / 400) * 0.7;
      return { id: `check ${index}`, category, score, correct: score < 0.5 ? index % 2 : 1, served: 0, created_at };
    });
    await store.db.insertInto("semantic_checks").values(checks).execute();
    await clock.advance(1_000);
    await cache.lookup(ask("anything", { partition: "other", category }), { strength: 1 });
  }

  async function keep(
    cache: SemanticCache,
    question: SemanticQuestion,
    answer: { value: string; tags?: string[]; strength?: number },
  ) {
    const found = await cache.lookup(question, { strength: 1 });
    return await cache.learn(question, found, { strength: 1, ...answer });
  }

  test("serves nothing at first, then what means the same, then over a restart", async () => {
    const cache = create();
    const question = ask("how do I reset my password");
    expect(await cache.lookup(question, { strength: 1 })).toEqual({ kind: "miss", reason: "empty" });
    const entryId = await keep(cache, question, { value: "click forgot" });
    expect(await cache.lookup(ask("how do i reset my password?"), { strength: 1 })).toMatchObject({
      kind: "miss",
      reason: "not_calibrated",
      nearest: { entryId },
    });
    await train(cache);
    await clock.advance(1_000);
    const hit = { kind: "hit", entryId, value: "click forgot", ageMs: 2_000, strength: 1 };
    expect(await cache.lookup(ask("how do i reset my password?"), { strength: 1 })).toMatchObject(hit);
    expect(await cache.lookup(ask("why is the sky blue"), { strength: 1 })).toMatchObject({ kind: "miss" });
    await cache.close();
    expect(await create().lookup(ask("How do I reset my password"), { strength: 1 })).toMatchObject(hit);
    expect(await cache.searchedIn()).toBe(name === "pgvector" ? "pgvector" : "memory");
    const [stats] = (await create().stats()).filter(({ category }) => category === "c");
    expect(stats).toMatchObject({ errorBudget: 0.01, entries: 1 });
    expect(stats?.hits).toBeGreaterThanOrEqual(1);
  });

  test("a slot that differs, another partition, another embedding model, another category: no hit", async () => {
    const cache = create();
    await train(cache);
    await keep(cache, ask("revenue in 2016"), { value: "5" });
    const miss = async (question: SemanticQuestion) => await cache.lookup(question, { strength: 1 });
    expect(await miss(ask("revenue in 2016"))).toMatchObject({ kind: "hit" });
    expect(await miss(ask("revenue in 2017"))).toMatchObject({ kind: "miss", reason: "guard" });
    expect(await miss(ask("revenue in 2016", { partition: "q" }))).toEqual({ kind: "miss", reason: "empty" });
    expect(await miss(ask("revenue in 2016", { modelId: "n" }))).toEqual({ kind: "miss", reason: "empty" });
    expect(await miss(ask("revenue in 2016", { category: "d" }))).toEqual({ kind: "miss", reason: "empty" });
  });

  test("no answer crosses partitions", async () => {
    const cache = create();
    await train(cache);
    const partition = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom("a", "b", " ", "1") });
    await fc.assert(
      fc.asyncProperty(
        partition,
        partition,
        fc.constantFrom("reset password", "cancel order"),
        async (own, other, text) => {
          fc.pre(own !== other);
          await keep(cache, ask(text, { partition: own }), { value: `answer of ${own}` });
          const found = await cache.lookup(ask(text, { partition: other }), { strength: 1 });
          const value = found.kind === "hit" ? found.value : `answer of ${other}`;
          expect(value).toBe(`answer of ${other}`);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("tags: what rested on a changed thing is out of reach, what comes after is not", async () => {
    const cache = create();
    await train(cache);
    const question = ask("what does the handbook say");
    await keep(cache, question, { value: "old", tags: ["document:7"] });
    const other = create();
    expect(await other.lookup(question, { strength: 1 })).toMatchObject({ kind: "hit" });
    await cache.invalidate("document:7");
    expect(await cache.lookup(question, { strength: 1 })).toMatchObject({ kind: "miss", reason: "stale" });
    await clock.advance(1_000);
    expect(await other.lookup(question, { strength: 1 })).toMatchObject({ kind: "miss", reason: "stale" });
    await keep(cache, question, { value: "new", tags: ["document:7"] });
    expect(await cache.lookup(question, { strength: 1 })).toMatchObject({ kind: "hit", value: "new" });
  });

  test("tags: an answer that was on its way while its document changed is not kept", async () => {
    const [cache, other] = [create(), create()];
    await train(cache);
    const question = ask("what does the handbook say");
    const asked = await cache.lookup(question, { strength: 1 });
    await cache.invalidate("document:7");
    expect(await cache.learn(question, asked, { value: "old", strength: 1, tags: ["document:7"] })).toBeUndefined();
    const askedElsewhere = await cache.lookup(question, { strength: 1 });
    await other.invalidate("document:7");
    await cache.learn(question, askedElsewhere, { value: "old", strength: 1, tags: ["document:7"] });
    await clock.advance(1_000);
    for (const one of [cache, other])
      expect(await one.lookup(question, { strength: 1 })).toMatchObject({ kind: "miss" });
  });

  test("time to live, by category and shorter by answer; zero keeps nothing", async () => {
    const cache = create({ defaults: { ttlMs: 10_000 } });
    await train(cache);
    const question = ask("opening hours");
    const found = await cache.lookup(question, { strength: 1 });
    await cache.learn(question, found, { value: "nine", strength: 1, ttlMs: 4_000 });
    expect(await cache.lookup(question, { strength: 1 })).toMatchObject({ kind: "hit" });
    await clock.advance(4_000);
    expect(await cache.lookup(question, { strength: 1 })).toMatchObject({ kind: "miss", reason: "stale" });
    await cache.configure("c", { ttlMs: 0 });
    expect(await keep(cache, question, { value: "ten" })).toBeUndefined();
    await cache.sweep();
    expect((await cache.stats()).find(({ category }) => category === "c")).toMatchObject({ ttlMs: 0 });
  });

  test("an answer of a weaker model is not given for a stronger one, unless told", async () => {
    const cache = create();
    await train(cache);
    const question = ask("explain the contract");
    await keep(cache, question, { value: "short", strength: 1 });
    expect(await cache.lookup(question, { strength: 2 })).toMatchObject({ kind: "miss", reason: "weaker" });
    expect(await cache.lookup(question, { strength: 2, allowWeaker: true })).toMatchObject({
      kind: "hit",
      strength: 1,
    });
    expect(await cache.lookup(question, { strength: 0 })).toMatchObject({ kind: "hit", strength: 1 });
  });

  test("a bad verdict evicts at once in every process, and counts", async () => {
    const cache = create();
    await train(cache);
    const question = ask("who may sign");
    const entryId = (await keep(cache, question, { value: "nobody" })) ?? "";
    const other = create();
    expect(await other.lookup(question, { strength: 1 })).toMatchObject({ kind: "hit" });
    expect(await cache.judge(entryId, { score: 0.9, correct: false })).toBe(true);
    expect(await other.lookup(question, { strength: 1 })).toMatchObject({ kind: "miss", reason: "stale" });
    expect(await cache.lookup(question, { strength: 1 })).toMatchObject({ kind: "miss" });
    expect(await cache.find(entryId)).toBeUndefined();
    expect(await cache.judge(entryId, { score: 0.9, correct: true })).toBe(false);
    expect((await cache.stats()).find(({ category }) => category === "c")).toMatchObject({ entries: 0 });
  });

  test("misses teach: wrong neighbours keep the cache shut", async () => {
    const cache = create();
    for (let index = 0; index < 66; index += 1) await keep(cache, ask("tell me something new"), { value: `${index}` });
    const found = await cache.lookup(ask("tell me something new"), { strength: 1 });
    expect(found).toMatchObject({ kind: "miss", reason: "below_threshold" });
    const [stats] = await cache.stats();
    expect(stats?.wrongChecks).toBeGreaterThan(60);
  });

  test("a second model may refuse a hit", async () => {
    const cache = create({ verify: async (asked) => !asked.includes("sign") });
    await train(cache);
    await keep(cache, ask("who may sign"), { value: "nobody" });
    expect(await cache.lookup(ask("who may sign"), { strength: 1 })).toMatchObject({ kind: "miss", reason: "refused" });
  });

  test("entries move to another embedding model under their ids, and serve there only", async () => {
    const cache = create();
    await train(cache);
    const before = ask("who may sign", { partition: "p m" });
    const entryId = await keep(cache, before, { value: "nobody" });
    await keep(cache, ask("who may leave"), { value: "stays" });
    expect(await cache.lookup(before, { strength: 1 })).toMatchObject({ kind: "hit" });
    const after = { ...before, partition: "p m2", modelId: "m2", vector: buildLexicalVector(before.text, 32) };
    expect(await cache.lookup(after, { strength: 1 })).toMatchObject({ reason: "empty" });
    const port = cache.outdated(({ partition, modelId }, next) =>
      partition.endsWith(` ${modelId}`) ? `p ${next}` : undefined,
    );
    const rows = await port.findOutdated("m2", { after: undefined, limit: 10 });
    expect(rows.map(({ text }) => text).toSorted()).toEqual(["who may leave", "who may sign"]);
    const vectors = rows.map(({ id, text }) => ({ id, vector: buildLexicalVector(text, 32) }));
    await port.keep(vectors, "m2");
    await clock.advance(1_000);
    expect(await cache.lookup(after, { strength: 1 })).toMatchObject({ kind: "hit", entryId, value: "nobody" });
    const [left] = await port.findOutdated("m2", { after: undefined, limit: 10 });
    expect(left?.text).toBe("who may leave");
    await cache.evict(entryId ?? "");
    await clock.advance(1_000);
    expect(await cache.lookup(after, { strength: 1 })).toMatchObject({ kind: "miss" });
  });

  test("what is invalidated while a second model reads is not served", async () => {
    const cache = create({
      verify: async () => {
        await cache.invalidate("contract");
        return true;
      },
    });
    await train(cache);
    await keep(cache, ask("who may sign"), { value: "nobody", tags: ["contract"] });
    expect(await cache.lookup(ask("who may sign"), { strength: 1 })).toEqual({ kind: "miss", reason: "stale" });
  });

  test("looks at, evicts and clears entries, and makes room", async () => {
    const cache = create({ maxEntries: 10 });
    await train(cache);
    const entryId = (await keep(cache, ask("who may sign"), { value: "nobody", tags: ["t"] })) ?? "";
    expect(await cache.find(entryId)).toMatchObject({ text: "who may sign", value: "nobody", tags: ["t"] });
    expect(await cache.evict(entryId)).toBe(true);
    expect(await cache.evict(entryId)).toBe(false);
    for (const text of "abcdefghijklmno") await keep(cache, ask(`word ${text}${text}${text}${text}`), { value: text });
    await cache.sweep();
    const kept = (await cache.stats()).reduce((sum, { entries }) => sum + entries, 0);
    expect(kept).toBeLessThanOrEqual(10);
    expect(await cache.clear({ category: "c" })).toBe(kept);
    expect(await cache.clear()).toBe(0);
  });

  test("a failing store is a miss, not an error", async () => {
    const cache = create();
    const all = name === "pgvector" ? sql`cascade` : sql``;
    await sql`drop table semantic_entries ${all}`.execute(store.db);
    const question = ask("anything");
    const found = await cache.lookup(question, { strength: 1 });
    expect(found).toEqual({ kind: "miss", reason: "empty" });
    expect(await cache.learn(question, found, { value: "x", strength: 1 })).toBeUndefined();
    await expect(cache.lookup(question, { strength: 1, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });
});
