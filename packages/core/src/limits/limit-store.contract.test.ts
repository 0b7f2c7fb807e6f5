import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { Secret } from "../config/secret.ts";
import { startFaultProxy } from "../testing/fault-proxy.ts";
import { startRedis, type Peer } from "../testing/peers.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { systemClock } from "./clock.ts";
import { createMemoryLimitStore, type LimitStore, type RateQuestion } from "./limit-store.ts";
import { createRedisLimitStore, type RedisLimitStore } from "./redis-limit-store.ts";

const log = pino({ level: "silent" });
let redis: Peer | undefined;
let proxyCount = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
});

interface Subject {
  store: LimitStore;
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}

const subjects: Record<string, () => Promise<Subject | undefined>> = {
  async memory() {
    const clock = createVirtualClock();
    const store = createMemoryLimitStore({ clock });
    return { store, pass: (ms) => clock.advance(ms), stop: () => store.close() };
  },
  async redis() {
    if (!redis) return undefined;
    const store = createRedisLimitStore({ url: new Secret(redis.url), clock: systemClock, log, prefix: unique() });
    await until(() => store.shared);
    return { store, pass: (ms) => systemClock.sleep(ms), stop: () => store.close() };
  },
};

function unique(): string {
  return `test ${process.pid} ${proxyCount++}`;
}

async function until(condition: () => boolean, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error("did not come about in time");
    await systemClock.sleep(10);
  }
}

function ask(changes: Partial<RateQuestion> = {}): RateQuestion {
  const rule = { requests: 20, perMs: 1_000, capacityFraction: 1, burst: 4 };
  return { gate: "vendor", bucket: "default", rule, weight: 1, maxWaitMs: 0, ...changes };
}

describe.each(Object.keys(subjects))("limit store: %s", (name) => {
  beforeEach((context) => {
    if (name === "redis" && !redis) context.skip();
  });

  async function using(work: (subject: Subject) => Promise<void>): Promise<void> {
    const subject = await subjects[name]?.();
    if (!subject) throw new Error(`There is no limit store ${name}.`);
    try {
      await work(subject);
    } finally {
      await subject.stop();
    }
  }

  test("admits the burst, refuses beyond it and says how long to wait", async () => {
    await using(async ({ store, pass }) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => store.takeRate(ask())));
      expect(answers.filter(({ kind }) => kind === "go")).toHaveLength(4);
      const refused = answers.find(({ kind }) => kind === "refused");
      expect(refused?.waitMs).toBeGreaterThan(0);
      expect(refused?.waitMs).toBeLessThanOrEqual(50);
      await pass(60);
      expect((await store.takeRate(ask())).kind).toBe("go");
    });
  });

  test("a wait that is worth it takes the place; the next one waits longer", async () => {
    await using(async ({ store }) => {
      await store.takeRate(ask({ weight: 4 }));
      const first = await store.takeRate(ask({ maxWaitMs: 1_000 }));
      const second = await store.takeRate(ask({ maxWaitMs: 1_000 }));
      expect([first.kind, second.kind]).toEqual(["go", "go"]);
      expect(second.waitMs - first.waitMs).toBeGreaterThan(30);
      expect(second.waitMs).toBeLessThanOrEqual(100);
    });
  });

  test("buckets and gates do not mix", async () => {
    await using(async ({ store }) => {
      await store.takeRate(ask({ weight: 4 }));
      expect((await store.takeRate(ask())).kind).toBe("refused");
      expect((await store.takeRate(ask({ bucket: "other" }))).kind).toBe("go");
      await store.closeGate("vendor", 10_000);
      expect((await store.takeRate(ask({ gate: "another vendor" }))).kind).toBe("go");
    });
  });

  test("fault 29: a closed gate holds every bucket of the key, keeps the longer pause, then starts slowly", async () => {
    await using(async ({ store, pass }) => {
      await store.closeGate("vendor", 200);
      await store.closeGate("vendor", 50);
      expect((await store.takeRate(ask())).kind).toBe("refused");
      const gated = await store.takeRate(ask({ bucket: "sibling", maxWaitMs: 5_000 }));
      expect(gated.kind).toBe("gated");
      expect(gated.waitMs).toBeGreaterThan(100);
      expect(await store.gateMs("vendor")).toBeGreaterThan(100);
      await pass(210);
      expect(await store.gateMs("vendor")).toBe(0);
      const answers = await Promise.all(Array.from({ length: 8 }, () => store.takeRate(ask())));
      expect(answers.filter(({ kind }) => kind === "go")).toHaveLength(1);
    });
  });

  test("admits as many as the limit, and one more for each that leaves", async () => {
    await using(async ({ store }) => {
      const rule = { concurrent: 3 };
      const leases = await Promise.all(Array.from({ length: 5 }, () => store.tryEnter("slots", rule, 60_000)));
      const held = leases.filter((lease) => lease !== undefined);
      expect(held).toHaveLength(3);
      await store.leave("slots", rule, held[0] ?? "", "accepted");
      expect(await store.tryEnter("slots", rule, 60_000)).toBeDefined();
      expect(await store.tryEnter("slots", rule, 60_000)).toBeUndefined();
    });
  });

  test("a rejection lowers the limit by a fifth, a second one within the second does not; acceptance raises it", async () => {
    await using(async ({ store }) => {
      const rule = { concurrent: 10 };
      const held = await enter(store, rule, 10);
      await store.leave("slots", rule, held.pop() ?? "", "rejected");
      await store.leave("slots", rule, held.pop() ?? "", "rejected");
      expect(await enter(store, rule, 5)).toHaveLength(0);
      for (const lease of held) await store.leave("slots", rule, lease, "failed");
      const after = await enter(store, rule, 20);
      expect(after).toHaveLength(8);
      for (const lease of after) await store.leave("slots", rule, lease, "accepted");
      expect((await enter(store, rule, 20)).length).toBeGreaterThanOrEqual(8);
    });
  });

  test("the limit follows the number the vendor reports", async () => {
    await using(async ({ store }) => {
      const rule = { concurrent: 10 };
      const [lease = ""] = await enter(store, rule, 1);
      await store.leave("slots", rule, lease, "accepted", 2);
      expect(await enter(store, rule, 10)).toHaveLength(2);
    });
  });
});

async function enter(store: LimitStore, rule: { concurrent: number }, times: number): Promise<string[]> {
  const leases: string[] = [];
  for (let call = 0; call < times; call++) {
    const lease = await store.tryEnter("slots", rule, 60_000);
    if (lease !== undefined) leases.push(lease);
  }
  return leases;
}

describe("limit store over Redis", () => {
  beforeEach((context) => {
    if (!redis) context.skip();
  });

  interface Broken {
    store: RedisLimitStore;
    proxy: Awaited<ReturnType<typeof startFaultProxy>>;
    peer: Peer;
  }

  async function throughProxy(work: (subject: Broken) => Promise<void>): Promise<void> {
    if (!redis) return;
    const proxy = await startFaultProxy({ port: redis.port });
    const url = new Secret(`redis://127.0.0.1:${proxy.port}`);
    const store = createRedisLimitStore({ url, clock: systemClock, log, processes: 4, prefix: unique() });
    try {
      await until(() => store.shared);
      await work({ store, proxy, peer: redis });
    } finally {
      await store.close();
      await proxy.stop();
    }
  }

  async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
    const start = performance.now();
    return { value: await work(), ms: performance.now() - start };
  }

  test("two processes share one limit", async () => {
    if (!redis) return;
    const prefix = unique();
    const options = { url: new Secret(redis.url), clock: systemClock, log, prefix };
    const stores = [createRedisLimitStore(options), createRedisLimitStore(options)];
    await until(() => stores.every((store) => store.shared));
    const answers = await Promise.all(
      stores.flatMap((store) => Array.from({ length: 4 }, () => store.takeRate(ask()))),
    );
    expect(answers.filter(({ kind }) => kind === "go")).toHaveLength(4);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a killed process blocks its places only until its lease ends", async () => {
    await throughProxy(async ({ store }) => {
      await store.tryEnter("slots", { concurrent: 1 }, 100);
      expect(await store.tryEnter("slots", { concurrent: 1 }, 100)).toBeUndefined();
      await systemClock.sleep(120);
      expect(await store.tryEnter("slots", { concurrent: 1 }, 100)).toBeDefined();
    });
  });

  test("fault 16: with Redis gone the limits become stricter, never open, and are shared again afterwards", async () => {
    await throughProxy(async ({ store, proxy }) => {
      proxy.set([{ kind: "down" }]);
      await until(() => !store.shared);
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.takeRate(ask())));
      expect(answers.filter(({ kind }) => kind === "go")).toHaveLength(1);
      // A quarter of the pace: 200 ms between calls instead of 50.
      expect(answers.at(-1)?.waitMs).toBeGreaterThan(100);
      const slots = await enter(store, { concurrent: 8 }, 20);
      expect(slots).toHaveLength(2);
      proxy.set([]);
      await until(() => store.shared);
      expect((await store.takeRate(ask())).kind).toBe("go");
    });
  });

  test("fault 17: a silent Redis costs one time-out, then at most 5 ms a call", async () => {
    await throughProxy(async ({ store, proxy }) => {
      proxy.set([{ kind: "timeout", ms: 0 }]);
      const first = await timed(() => Promise.all(Array.from({ length: 50 }, () => store.takeRate(ask()))));
      expect(first.ms).toBeLessThan(250 + 250);
      const later: number[] = [];
      for (let call = 0; call < 50; call++) later.push((await timed(() => store.takeRate(ask()))).ms);
      later.sort((left, right) => left - right);
      expect(later[Math.floor(later.length * 0.9)]).toBeLessThan(5);
      expect(store.shared).toBe(false);
    });
  });

  test("fault 18: an emptied Redis is a fresh start, not an error", async () => {
    await throughProxy(async ({ store, peer }) => {
      await store.takeRate(ask({ weight: 4 }));
      const { Redis } = await import("ioredis");
      const client = new Redis(peer.url);
      await client.flushall();
      await client.script("FLUSH");
      client.disconnect();
      expect((await store.takeRate(ask())).kind).toBe("go");
      expect(store.shared).toBe(true);
    });
  });

  test("fault 20: a Redis that takes 300 ms costs one time-out, not 300 ms a command", async () => {
    await throughProxy(async ({ store, proxy }) => {
      proxy.set([{ kind: "latency", ms: 300 }]);
      const { ms } = await timed(async () => {
        for (let call = 0; call < 20; call++) await store.takeRate(ask());
      });
      expect(ms).toBeLessThan(600);
    });
  });

  test("a gate closed before Redis goes stays closed", async () => {
    await throughProxy(async ({ store, proxy }) => {
      await store.closeGate("vendor", 10_000);
      proxy.set([{ kind: "down" }]);
      await until(() => !store.shared);
      expect((await store.takeRate(ask({ maxWaitMs: 1_000 }))).kind).toBe("refused");
    });
  });
});
