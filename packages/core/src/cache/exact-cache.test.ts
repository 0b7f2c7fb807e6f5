import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CoreTables } from "../store/core-tables.ts";
import { openStore, type Store } from "../store/store.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { cacheMigrations, type CacheTables } from "./cache-tables.ts";
import { createRecentValues } from "./recent-values.ts";
import { createExactCache, type ExactCache, type ExactCacheOptions } from "./exact-cache.ts";

type Tables = CoreTables & CacheTables;

let dataDir: string;
let store: Store<Tables>;
let clock: VirtualClock;
const log = pino({ level: "silent" });

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "sophia-cache-"));
  store = await openStore<Tables>({ dataDir, migrations: [cacheMigrations], log });
  clock = createVirtualClock();
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

function create(options: Partial<ExactCacheOptions<Tables>> = {}): ExactCache {
  // Time stands still but for the moment in which writes are gathered.
  const gathering = { ...clock, now: clock.now, sleep: async () => {} };
  return createExactCache({ store, clock: gathering, log, ttlMs: 60_000, ...options });
}

test("keeps a value for its time, and over a restart", async () => {
  await create().put("caller", "key", "value");
  await store.close();
  store = await openStore<Tables>({ dataDir, migrations: [cacheMigrations], log });
  const cache = create();
  expect(await cache.get("caller", "key")).toEqual({ value: "value", createdAt: clock.now() });
  await clock.advance(60_000);
  expect(await cache.get("caller", "key")).toBeUndefined();
});

test("never answers across partitions", async () => {
  const cache = create();
  const text = fc.string({ maxLength: 6, unit: fc.constantFrom("a", "b", ":", "1") });
  await fc.assert(
    fc.asyncProperty(text, text, text, text, async (partition, key, otherPartition, otherKey) => {
      fc.pre(partition !== otherPartition || key !== otherKey);
      await cache.put(partition, key, "mine");
      expect(await cache.get(otherPartition, otherKey)).toBeUndefined();
      await cache.remove(partition, key);
    }),
    { numRuns: 100 },
  );
});

test("values that come together are written together, and are seen before they are written", async () => {
  const cache = create();
  const writes = Promise.all(Array.from({ length: 100 }, (_, index) => cache.put("p", `k${index}`, `v${index}`)));
  expect((await cache.get("p", "k50"))?.value).toBe("v50");
  await writes;
  const rows = await store.db.selectFrom("cache_entries").select("value").execute();
  expect(rows).toHaveLength(100);
  const late = cache.put("p", "k1", "newer");
  await cache.remove("p", "k1");
  await late;
  expect(await cache.get("p", "k1")).toBeUndefined();
});

test("a later value replaces an earlier one", async () => {
  const cache = create();
  await cache.put("p", "k", "one");
  await cache.put("p", "k", "two");
  expect((await cache.get("p", "k"))?.value).toBe("two");
});

test("is bounded by entries and by bytes; what was used stays", async () => {
  const cache = create({ maxEntries: 20, maxBytes: 1_000 });
  for (let index = 0; index < 30; index += 1) {
    await cache.put("p", `k${index}`, "x".repeat(10));
    await clock.advance(1);
  }
  expect(await cache.get("p", "k0")).toBeDefined();
  await cache.sweep();
  const count = async () => (await store.db.selectFrom("cache_entries").select("id").execute()).length;
  expect(await count()).toBe(18);
  expect(await cache.get("p", "k0")).toBeDefined();
  expect(await cache.get("p", "k1")).toBeUndefined();
  for (let index = 0; index < 5; index += 1) await cache.put("p", `big${index}`, "y".repeat(400));
  await cache.sweep();
  const rows = await store.db.selectFrom("cache_entries").select("bytes").execute();
  expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBeLessThanOrEqual(900);
});

test("makes room by itself, also for what another process has written", async () => {
  const [cache, other] = [create({ maxEntries: 1_000 }), create({ maxEntries: 1_000 })];
  const count = async () => (await store.db.selectFrom("cache_entries").select("id").execute()).length;
  const put = (to: ExactCache, from: number, until: number) =>
    Promise.all(Array.from({ length: until - from }, (_, index) => to.put("p", `k${from + index}`, "x")));
  for (let index = 0; index < 2_400; index += 300) await put(index % 600 === 0 ? cache : other, index, index + 300);
  // Both write 200 before they look, and each has counted at most a twentieth of the limit too few.
  expect(await count()).toBeLessThanOrEqual(1_000 + 2 * 300);
  for (let index = 2_400; index < 3_000; index += 100) await put(cache, index, index + 100);
  expect(await count()).toBeLessThanOrEqual(1_000 + 200);
  expect(await cache.get("p", "k2999")).toBeDefined();
});

test("does not store what is too large, or anything when its time is zero", async () => {
  await create({ maxEntryBytes: 5 }).put("p", "k", "ä".repeat(3));
  await create({ ttlMs: 0 }).put("p", "k", "x");
  expect(await create().get("p", "k")).toBeUndefined();
});

test("a hot value comes from memory, and what another process removed for a second at most", async () => {
  const cache = create();
  const other = create();
  await cache.put("p", "k", "value");
  expect((await cache.get("p", "k"))?.value).toBe("value");
  await other.remove("p", "k");
  expect((await cache.get("p", "k"))?.value).toBe("value");
  await clock.advance(1_000);
  expect(await cache.get("p", "k")).toBeUndefined();
  await cache.put("p", "k", "second");
  await cache.get("p", "k");
  await cache.put("p", "k", "third");
  expect((await cache.get("p", "k"))?.value).toBe("third");
  await cache.remove("p", "k");
  expect(await cache.get("p", "k")).toBeUndefined();
  const short = create({ ttlMs: 500 });
  await short.put("p", "k", "short");
  await short.get("p", "k");
  await clock.advance(500);
  expect(await short.get("p", "k")).toBeUndefined();
});

test("memory holds a bounded number of values", async () => {
  const recent = createRecentValues<number>({ clock, keptMs: 1_000, maxValues: 2, maxSize: 10 });
  for (const value of [1, 2, 3]) recent.set(String(value), value, 1);
  expect([1, 2, 3].map((value) => recent.get(String(value)))).toEqual([undefined, 2, 3]);
  recent.set("large", 4, 10);
  expect([recent.get("3"), recent.get("large")]).toEqual([undefined, 4]);
});

test("a failing store is a miss at write time, not an error", async () => {
  const cache = create();
  await store.db.schema.dropTable("cache_entries").execute();
  await expect(cache.put("p", "k", "v")).resolves.toBeUndefined();
});
