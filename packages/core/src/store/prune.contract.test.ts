import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPlans } from "../approval/plans.ts";
import { createJobs } from "../jobs/jobs.ts";
import { createLedger } from "../ledger/ledger.ts";
import { silentLog, startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createAlertEvents } from "./alert-events.ts";
import type { CoreTables } from "./core-tables.ts";
import { pruneStore } from "./prune.ts";
import type { Engine, Store } from "./store.ts";

const dayMs = 24 * 60 * 60_000;
const caller = { id: "tok_agent", name: "agent", scopes: ["read", "write"] as const };
const billable = { requestId: "r", server: "ai", service: "openrouter", caller: "a", unit: "token", quantity: 1 };

describe.each<Engine>(["sqlite", "postgres"])("pruning on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  const withStore =
    (work: (store: Store<CoreTables>) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!engines, `no ${engine} on this machine`);
      if (!engines) return;
      await work(await engines.open(await engines.createPlace()));
    };

  const count = async (store: Store<CoreTables>) => {
    const tables = ["plans", "jobs", "ledger_reservations", "ledger_entries", "alert_events", "results"] as const;
    const counts: Record<string, number> = {};
    for (const table of tables) {
      const rows = await store.db.selectFrom(table).select("id").execute();
      counts[table] = rows.length;
    }
    return counts;
  };

  test(
    "each kind of row goes when its time is over, and the ledger's entries stay",
    withStore(async (store) => {
      const clock = createVirtualClock();
      const start = clock.now();
      const plan = { summary: "s", blastRadius: "b", risk: "low" as const, costPerHourUsd: 0, stateVersion: "v" };
      const changes = [{ action: "run" as const, resource: "r" }];
      const plans = createPlans({ store, clock, key: randomBytes(32) });
      await plans.propose({ server: "infra", tool: "t", caller, arguments: {}, plan: { ...plan, changes } });
      const ledger = createLedger({ store, clock });
      const reserve = () => ledger.reserve({ ...billable, costUsd: 1 });
      await ledger.settle(await reserve(), { quantity: 1, costUsd: 1, kind: "actual" });
      await ledger.release(await reserve());
      await reserve();
      const jobs = createJobs({ store, clock, log: silentLog });
      const { id } = await jobs.enqueue({ kind: "k", input: 1, idempotencyKey: "ended" });
      await jobs.abort(id);
      await jobs.enqueue({ kind: "k", input: 1, idempotencyKey: "waiting" });
      const alert = { server: "ai", kind: "drift", severity: "info" as const, title: "t", detail: "d" };
      await createAlertEvents({ store }).write({ ...alert, at: start, key: "k" });
      const result = { id: "a.0", server: "ai", tool: "t", caller: "a", body: "{}", created_at: start };
      await store.db
        .insertInto("results")
        .values({ ...result, expires_at: start + 1_000 })
        .execute();

      const all = { plans: 1, jobs: 2, ledger_reservations: 3, ledger_entries: 1, alert_events: 1, results: 1 };
      const after = async (ms: number) => {
        expect(await pruneStore(store, start + ms)).toBe(false);
        return await count(store);
      };
      expect(await after(1_000)).toEqual(all);
      expect(await after(0.9 * dayMs)).toEqual({ ...all, results: 0 });
      // The one that is still open holds money; it goes once it is expired.
      expect(await after(1.1 * dayMs)).toEqual({ ...all, results: 0, ledger_reservations: 1 });
      expect(await after(29.9 * dayMs)).toMatchObject({ plans: 1, jobs: 2, alert_events: 1 });
      expect(await after(30.1 * dayMs)).toMatchObject({ plans: 0, jobs: 1, alert_events: 1 });
      expect(await after(89.9 * dayMs)).toMatchObject({ alert_events: 1 });
      expect(await after(90.1 * dayMs)).toMatchObject({ alert_events: 0, jobs: 1, ledger_entries: 1 });
    }),
  );

  test(
    "a worker prunes when it starts and each hour, and goes on at once while there is more",
    withStore(async (store) => {
      const clock = createVirtualClock();
      const write = async (many: number) => {
        const events = Array.from({ length: many }, (_, index) => {
          const key = `${clock.now()} ${index}`;
          return { id: key, key, at: 0, server: "ai", kind: "drift", severity: "info", body: "{}" };
        });
        await store.db.insertInto("alert_events").values(events).execute();
      };
      const left = async () => (await count(store))["alert_events"];
      await write(1_200);
      const jobs = createJobs({ store, clock, log: silentLog, pollMs: 1_000 });
      jobs.start();
      try {
        await expect
          .poll(async () => {
            await clock.advance(1_000);
            return await left();
          })
          .toBe(0);
        expect(clock.monotonic()).toBeLessThan(60_000);
        await write(1);
        await clock.advance(30 * 60_000);
        expect(await left()).toBe(1);
        await expect
          .poll(async () => {
            await clock.advance(10 * 60_000);
            return await left();
          })
          .toBe(0);
      } finally {
        const stopped = jobs.stop(0);
        await clock.advance(60_000);
        await stopped;
      }
    }),
  );
});
