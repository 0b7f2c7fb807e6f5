import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AppError } from "../errors/app-error.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";
import { startScript } from "../testing/child-script.ts";
import { silentLog as log, startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createSpending, type Hold, type Spending, type SpendingRequest } from "./spending.ts";

const day = 24 * 60 * 60_000;
const budgets = [{ key: "daily", limitUsd: 0.5, windowMs: day }];
const request = (given: Partial<SpendingRequest> = {}): SpendingRequest => ({
  requestId: "r1",
  server: "ai",
  service: "openrouter",
  caller: "cursor",
  unit: "tokens",
  quantity: 1_000,
  costUsd: 0.1,
  budgets,
  ...given,
});
const actual = (costUsd: number) => ({ quantity: 1_000, costUsd, kind: "actual" as const, priceAsOf: "2026-11-01" });

interface Bench {
  spending: Spending;
  another(): Promise<Spending>;
  ledger: Ledger;
  clock: VirtualClock;
  store: Store<CoreTables>;
  place: StorePlace;
  /** What the budget counts as spent, USD. */
  charged(): Promise<number>;
}

describe.each<Engine>(["sqlite", "postgres"])("spending on %s", (engine) => {
  let stores: StoreEngine | undefined;
  const opened: Spending[] = [];
  beforeAll(async () => {
    stores = await startEngine(engine);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((spending) => spending.close()));
    await stores?.closeStores();
  });
  afterAll(() => stores?.stop());

  const withSpending =
    (work: (bench: Bench) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!stores, `no ${engine} on this machine`);
      if (!stores) return;
      const engines = stores;
      const place = await engines.createPlace();
      const store = await engines.open<CoreTables>(place);
      const clock = createVirtualClock();
      const open = (on: Store<CoreTables>) => {
        const spending = createSpending({ store: on, log, clock });
        opened.push(spending);
        return spending;
      };
      await work({
        spending: open(store),
        another: async () => open(await engines.open<CoreTables>(place)),
        ledger: createLedger({ store, clock }),
        clock,
        store,
        place,
        async charged() {
          const rows = await store.db.selectFrom("ledger_buckets").select("cost_nano_usd").execute();
          return rows.reduce((sum, row) => sum + row.cost_nano_usd, 0) / 1e9;
        },
      });
    };

  test(
    "of 50 concurrent calls of two processes on a budget for five exactly five are let through",
    withSpending(async ({ spending, another, charged }) => {
      const other = await another();
      const tries = Array.from({ length: 50 }, async (_, index) =>
        (index % 2 ? spending : other).reserve(request({ requestId: `${index}` })),
      );
      const results = await Promise.allSettled(tries);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
      const refusals = results.filter((result) => result.status === "rejected").map(({ reason }) => reason as AppError);
      expect(refusals.every(({ kind }) => kind === "budget_exceeded")).toBe(true);
      expect(await charged()).toBeLessThanOrEqual(0.5);
    }),
  );

  test(
    "calls within a block wait for no write, and unused money comes back at the end",
    withSpending(async ({ spending, ledger, store, charged }) => {
      const large = [{ key: "large", limitUsd: 1_000, windowMs: day }];
      const first = await spending.reserve(request({ budgets: large }));
      const held = spending.reserve(request({ budgets: large }));
      expect(held).not.toBeInstanceOf(Promise);
      spending.settle(first, actual(0.05));
      spending.settle(first, actual(0.05));
      spending.release(held as Hold);
      expect(await charged()).toBeCloseTo(0.4, 9);
      await spending.close();
      expect(await charged()).toBeCloseTo(0.05, 9);
      expect(await ledger.totals({})).toMatchObject([{ entries: 1, costUsd: 0.05, estimatedUsd: 0 }]);
      expect(await store.db.selectFrom("ledger_leases").selectAll().execute()).toEqual([]);
    }),
  );

  test(
    "money that was held too much serves the next call, also near the limit",
    withSpending(async ({ spending, clock, charged }) => {
      for (let index = 0; index < 9; index += 1) {
        spending.settle(await spending.reserve(request()), actual(0.05));
        await clock.advance(1_000);
      }
      await expect(async () => spending.reserve(request())).rejects.toMatchObject({ kind: "budget_exceeded" });
      expect(await charged()).toBeLessThanOrEqual(0.5);
    }),
  );

  test(
    "what was spent beyond the held money counts in the budget",
    withSpending(async ({ spending, charged }) => {
      spending.settle(await spending.reserve(request()), actual(0.9));
      await spending.flush();
      expect(await charged()).toBeCloseTo(0.9, 9);
      await expect(async () => spending.reserve(request({ costUsd: 0.001 }))).rejects.toMatchObject({
        kind: "budget_exceeded",
      });
    }),
  );

  test(
    "a cost stated for a call that was listed as free counts in the budget, and free calls still go",
    withSpending(async ({ spending, charged }) => {
      const free = request({ costUsd: 0 });
      spending.settle(await spending.reserve(free), actual(0.6));
      await spending.flush();
      expect(await charged()).toBeCloseTo(0.6, 9);
      await expect(async () => spending.reserve(request({ costUsd: 0.001 }))).rejects.toMatchObject({
        kind: "budget_exceeded",
      });
      spending.settle(await spending.reserve(free), actual(0));
      spending.release(await spending.reserve(free));
      await spending.close();
      expect(await charged()).toBeCloseTo(0.6, 9);
    }),
  );

  test(
    "a budget shared by two callers holds for both, and is free again when its window has passed",
    withSpending(async ({ spending, clock }) => {
      const minute = [{ key: "all", limitUsd: 0.5, windowMs: 60_000 }];
      const ask = async (caller: string) => spending.reserve(request({ caller, budgets: minute }));
      for (const caller of ["a", "b", "a", "b", "a"]) spending.settle(await ask(caller), actual(0.1));
      const refused = await ask("b").catch((error: unknown) => error as AppError);
      expect(refused).toMatchObject({ kind: "budget_exceeded" });
      await clock.advance(62_000);
      await ask("b");
    }),
  );

  test(
    "a silent process's lease is booked as an estimate, and taken back when it turns out alive",
    withSpending(async ({ spending, another, ledger, store, clock, charged }) => {
      spending.settle(await spending.reserve(request()), actual(0.04));
      await spending.flush();
      const late = await spending.reserve(request());
      const before = await charged();
      // As if the process had been stopped: its signs of life end, another one looks.
      await store.db.updateTable("ledger_leases").set({ expires_at: clock.now() }).execute();
      await (await another()).flush();
      const [booked] = await ledger.totals({});
      expect(booked?.costUsd).toBeCloseTo(before, 9);
      expect(booked?.estimatedUsd).toBeCloseTo(before - 0.04, 9);
      spending.settle(late, actual(0.08));
      await spending.close();
      expect(await charged()).toBeCloseTo(0.12, 9);
      expect((await ledger.totals({}))[0]?.costUsd).toBeCloseTo(0.12, 9);
    }),
  );

  test(
    "a killed process never spends beyond the budget, and nothing it took is lost",
    withSpending(async ({ place, store, another, ledger, charged }) => {
      const script = startScript(spendScript, place);
      await script.waitFor("spent");
      script.kill("SIGKILL");
      await script.ended;
      const taken = await charged();
      await store.db.updateTable("ledger_leases").set({ expires_at: 0 }).execute();
      await (await another()).flush();
      expect((await ledger.totals({}))[0]?.costUsd).toBeCloseTo(taken, 9);
      expect(taken).toBeGreaterThanOrEqual(0.12);
      expect(taken).toBeLessThanOrEqual(0.5);
    }),
  );

  test(
    "lines that cannot be written wait, and are written once",
    withSpending(async ({ store, clock, ledger }) => {
      let broken = true;
      const flaky: Store<CoreTables> = {
        ...store,
        transaction: (work) => (broken ? Promise.reject(new Error("away")) : store.transaction(work)),
      };
      const spending = createSpending({ store: flaky, log, clock });
      for (let index = 0; index < 3; index += 1) {
        spending.settle(await spending.reserve(request({ costUsd: 0, budgets: [] })), actual(0));
      }
      await spending.flush();
      expect(await ledger.totals({})).toMatchObject([{ entries: 0 }]);
      broken = false;
      await clock.advance(2_000);
      await spending.close();
      expect(await ledger.totals({})).toMatchObject([{ entries: 3 }]);
    }),
  );

  test(
    "a commit whose answer was lost is not booked twice, neither lines nor what a lease gives back",
    withSpending(async ({ store, clock, ledger, charged }) => {
      let lost = 0;
      const deaf: Store<CoreTables> = {
        ...store,
        async transaction(work) {
          const value = await store.transaction(work);
          if (lost <= 0) return value;
          lost -= 1;
          throw new Error("connection lost");
        },
      };
      const spending = createSpending({ store: deaf, log, clock });
      const large = [{ key: "large", limitUsd: 1_000, windowMs: day }];
      const first = await spending.reserve(request({ costUsd: 0.02, budgets: large }));
      spending.settle(first, actual(0.02));
      lost = 1;
      await spending.flush();
      spending.settle(await spending.reserve(request({ costUsd: 0.01, budgets: large })), actual(0.03));
      await spending.flush();
      await spending.flush();
      expect(await ledger.totals({})).toMatchObject([{ entries: 2, costUsd: 0.05 }]);
      // Without lines: the block is given back when its time is over, and that answer is lost too.
      await clock.advance(59_000);
      await spending.flush();
      expect(await charged()).toBeGreaterThan(0.05);
      lost = 1;
      await clock.advance(3_000);
      await spending.flush();
      await spending.flush();
      expect(lost).toBe(0);
      expect(await charged()).toBeCloseTo(0.05, 9);
      await spending.close();
      expect(await charged()).toBeCloseTo(0.05, 9);
      expect(await store.db.selectFrom("ledger_leases").selectAll().execute()).toEqual([]);
      expect(await ledger.totals({})).toMatchObject([{ entries: 2, costUsd: 0.05 }]);
    }),
  );
});

const spendingModule = new URL("./spending.ts", import.meta.url).href;
const enginesModule = new URL("../testing/store-engines.ts", import.meta.url).href;
const spendScript = `
  import { createSpending } from ${JSON.stringify(spendingModule)};
  import { openStoreAt, silentLog as log } from ${JSON.stringify(enginesModule)};
  const [place] = process.argv.slice(2).map((text) => JSON.parse(text));
  const spending = createSpending({ store: await openStoreAt(place), log });
  const budgets = [{ key: "daily", limitUsd: 0.5, windowMs: 86_400_000 }];
  const one = { requestId: "r", server: "ai", service: "s", caller: "c", unit: "tokens", quantity: 1, costUsd: 0.06, budgets };
  spending.settle(await spending.reserve(one), { quantity: 1, costUsd: 0.06, kind: "actual" });
  await spending.flush();
  spending.settle(await spending.reserve(one), { quantity: 1, costUsd: 0.06, kind: "actual" });
  console.log("spent");
  setInterval(() => {}, 1_000);
`;
