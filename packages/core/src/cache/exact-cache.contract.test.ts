import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../config/secret.ts";
import { systemClock } from "../limits/clock.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { type FaultProxy, startFaultProxy } from "../testing/fault-proxy.ts";
import { type Peer, startRedis } from "../testing/peers.ts";
import { silentLog, startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { cacheMigrations, type CacheTables } from "./cache-tables.ts";
import { createExactCache, type ExactCache } from "./exact-cache.ts";
import { createSharedExactCache, type SharedExactCache } from "./shared-exact-cache.ts";

type Tables = CoreTables & CacheTables;

interface Options {
  ttlMs?: number;
  maxEntryBytes?: number;
  frontMs?: number;
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error("did not come about in time");
    await systemClock.sleep(5);
  }
}

describe.each(["sqlite", "postgres", "redis"] as const)("the exact cache on %s", (name) => {
  let engine: StoreEngine | undefined;
  let redis: Peer | undefined;
  let store: Store<Tables>;
  let clock: VirtualClock;
  let prefix: string;
  const shared: SharedExactCache[] = [];

  beforeAll(async () => {
    engine = await startEngine(name === "redis" ? "sqlite" : name);
    if (name === "redis") redis = await startRedis();
  }, 90_000);
  afterAll(async () => {
    await engine?.stop();
    await redis?.stop();
  });
  beforeEach(async (context) => {
    if (!engine || (name === "redis" && !redis)) return context.skip();
    store = await engine.open<Tables>(await engine.createPlace(), [cacheMigrations]);
    clock = createVirtualClock();
    prefix = randomUUID();
  });
  afterEach(async () => {
    for (const cache of shared.splice(0)) cache.close();
    await engine?.closeStores();
  });

  /** One process's cache. */
  async function create(options: Options = {}): Promise<ExactCache> {
    // Time stands still but for the moment in which writes are gathered, and for probes of Redis.
    const moving = { ...clock, now: clock.now, monotonic: clock.monotonic, sleep: systemClock.sleep };
    const limits = { ttlMs: 60_000, ...options };
    const local = createExactCache({ store, clock: moving, log: silentLog, ...limits });
    if (!redis) return local;
    const url = new Secret(redis.url);
    const cache = createSharedExactCache({ url, local, clock: moving, log: silentLog, prefix, ...limits });
    shared.push(cache);
    await until(() => cache.shared);
    return cache;
  }

  test("keeps a value for its time, and over a restart", async () => {
    await (await create()).put("caller", "key", 'a "value"\nof two lines');
    const cache = await create();
    const kept = { value: 'a "value"\nof two lines', createdAt: clock.now() };
    expect(await cache.get("caller", "key")).toEqual(kept);
    expect(cache.peek("caller", "key")).toEqual(kept);
    await clock.advance(60_000);
    expect(await cache.get("caller", "key")).toBeUndefined();
    expect(cache.peek("caller", "key")).toBeUndefined();
  });

  test("what one process keeps, another finds; what it removes, another misses within a second", async () => {
    const [own, other] = [await create(), await create()];
    await own.put("p", "k", "value");
    expect((await other.get("p", "k"))?.value).toBe("value");
    await own.remove("p", "k");
    expect(await own.get("p", "k")).toBeUndefined();
    await clock.advance(1_000);
    expect(await other.get("p", "k")).toBeUndefined();
  });

  test("a value is seen before it is written, and a later one replaces it", async () => {
    const cache = await create();
    const writing = cache.put("p", "k", "one");
    expect((await cache.get("p", "k"))?.value).toBe("one");
    await writing;
    await cache.put("p", "k", "two");
    expect((await cache.get("p", "k"))?.value).toBe("two");
    expect((await (await create()).get("p", "k"))?.value).toBe("two");
  });

  test("never answers across partitions", async () => {
    const cache = await create();
    const text = fc.string({ maxLength: 6, unit: fc.constantFrom("a", "b", ":", "1", " ") });
    await fc.assert(
      fc.asyncProperty(text, text, text, text, async (partition, key, otherPartition, otherKey) => {
        fc.pre(partition !== otherPartition || key !== otherKey);
        await cache.put(partition, key, "mine");
        expect(await cache.get(otherPartition, otherKey)).toBeUndefined();
        await cache.remove(partition, key);
      }),
      { numRuns: name === "redis" ? 200 : 5 },
    );
  });

  test("does not store what is too large, or anything when its time is zero", async () => {
    await (await create({ maxEntryBytes: 5 })).put("p", "k", "ä".repeat(3));
    await (await create({ ttlMs: 0 })).put("p", "k", "x");
    expect(await (await create()).get("p", "k")).toBeUndefined();
  });
});

describe("the exact cache over a Redis that fails", () => {
  let engine: StoreEngine | undefined;
  let redis: Peer | undefined;
  let proxy: FaultProxy;
  let cache: SharedExactCache;
  let local: ExactCache;
  const prefix = randomUUID();

  beforeAll(async () => {
    engine = await startEngine("sqlite");
    redis = await startRedis();
  }, 90_000);
  afterAll(async () => {
    await engine?.stop();
    await redis?.stop();
  });
  beforeEach(async (context) => {
    if (!engine || !redis) return context.skip();
    const store = await engine.open<Tables>(await engine.createPlace(), [cacheMigrations]);
    proxy = await startFaultProxy({ port: redis.port });
    const url = new Secret(`redis://127.0.0.1:${proxy.port}`);
    const parts = { clock: systemClock, log: silentLog, ttlMs: 60_000, frontMs: 0 };
    local = createExactCache({ store, ...parts });
    cache = createSharedExactCache({ url, local, prefix, ...parts });
    await until(() => cache.shared);
  });
  afterEach(async () => {
    cache?.close();
    await proxy?.stop();
    await engine?.closeStores();
  });

  async function timed(work: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await work();
    return performance.now() - start;
  }

  test("gone: values are kept and found here, and shared again afterwards", async () => {
    await cache.put("p", "before", "shared");
    proxy.set([{ kind: "down" }]);
    await until(() => !cache.shared);
    expect(await cache.get("p", "before")).toBeUndefined();
    await cache.put("p", "meanwhile", "local");
    expect((await cache.get("p", "meanwhile"))?.value).toBe("local");
    proxy.set([]);
    await until(() => cache.shared);
    expect((await cache.get("p", "before"))?.value).toBe("shared");
  });

  test("silent: one time-out for all who wait, then nobody waits", async () => {
    proxy.set([{ kind: "timeout", ms: 0 }]);
    const ask = async () => expect(await cache.get("p", "k")).toBeUndefined();
    expect(await timed(() => Promise.all(Array.from({ length: 50 }, ask)))).toBeLessThan(100 + 200);
    expect(cache.shared).toBe(false);
    const times: number[] = [];
    for (let call = 0; call < 50; call += 1) times.push(await timed(ask));
    times.sort((left, right) => left - right);
    expect(times[25]).toBeLessThan(5);
  });

  test("slow, full or emptied: a miss, never an error", async () => {
    proxy.set([{ kind: "latency", ms: 300 }]);
    await expect(cache.put("p", "slow", "v")).resolves.toBeUndefined();
    expect((await cache.get("p", "slow"))?.value).toBe("v");
    proxy.set([]);
    await until(() => cache.shared);
    const { Redis } = await import("ioredis");
    const client = new Redis(redis?.url ?? "");
    await cache.put("p", "k", "v");
    await client.config("SET", "maxmemory", "1");
    await cache.put("p", "full", "v");
    expect(cache.shared).toBe(false);
    expect((await cache.get("p", "full"))?.value).toBe("v");
    await client.config("SET", "maxmemory", "0");
    await until(() => cache.shared);
    await client.flushall();
    expect(await cache.get("p", "k")).toBeUndefined();
    client.disconnect();
  });

  test("what is no value of ours is a miss", async () => {
    await cache.put("p", "k", "v");
    const { Redis } = await import("ioredis");
    const client = new Redis(redis?.url ?? "");
    const keys = await client.keys(`${prefix}:*`);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) await client.set(key, "nonsense");
    expect(await cache.get("p", "k")).toBeUndefined();
    for (const key of keys) await client.del(key).then(() => client.lpush(key, "wrong type"));
    expect(await cache.get("p", "k")).toBeUndefined();
    await client.flushall();
    client.disconnect();
  });
});
