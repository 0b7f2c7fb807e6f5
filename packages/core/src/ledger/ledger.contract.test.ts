import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";
import { startScript } from "../testing/child-script.ts";
import { startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createLedger, type Ledger, type ReservationRequest } from "./ledger.ts";

const day = 24 * 60 * 60_000;
const request = (given: Partial<ReservationRequest> = {}): ReservationRequest => ({
  requestId: "r1",
  server: "ai",
  service: "openrouter",
  caller: "cursor",
  unit: "token",
  quantity: 1_000,
  costUsd: 1,
  ...given,
});
const budget = (limitUsd: number, windowMs = day, key = "daily") => ({ key, limitUsd, windowMs });

interface Bench {
  ledger: Ledger;
  clock: VirtualClock;
  store: Store<CoreTables>;
  place: StorePlace;
  engines: StoreEngine;
}

describe.each<Engine>(["sqlite", "postgres"])("ledger on %s", (engine) => {
  let stores: StoreEngine | undefined;
  beforeAll(async () => {
    stores = await startEngine(engine);
  });
  afterEach(() => stores?.closeStores());
  afterAll(() => stores?.stop());

  const withLedger =
    (work: (bench: Bench) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!stores, `no ${engine} on this machine`);
      if (!stores) return;
      const place = await stores.createPlace();
      const store = await stores.open<CoreTables>(place);
      const clock = createVirtualClock();
      await work({ ledger: createLedger({ store, clock }), clock, store, place, engines: stores });
    };

  test(
    "of 50 concurrent reservations on a budget for five exactly five succeed",
    withLedger(async ({ ledger, place, engines, clock }) => {
      const other = createLedger({ store: await engines.open<CoreTables>(place), clock });
      const tries = Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? ledger : other).reserve(request({ requestId: `${index}`, costUsd: 0.1, budgets: [budget(0.5)] })),
      );
      const results = await Promise.allSettled(tries);
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(5);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toMatchObject({ kind: "budget_exceeded" });
      }
    }),
  );

  test(
    "and so they do from four processes",
    withLedger(async ({ place }) => {
      const scripts = ["a", "b", "c", "d"].map((name) => startScript(reserveScript, place, name));
      const lines = [];
      for (const script of scripts) {
        expect(await script.ended).toEqual({ code: 0, signal: null });
        lines.push(...script.lines);
      }
      expect(lines.filter((line) => line === "reserved")).toHaveLength(5);
      expect(lines.filter((line) => line === "budget_exceeded")).toHaveLength(43);
    }),
    60_000,
  );

  test(
    "settling gives back what was reserved too much, and counts once",
    withLedger(async ({ ledger }) => {
      const budgets = [budget(1)];
      const first = await ledger.reserve(request({ costUsd: 0.9, budgets }));
      await expect(ledger.reserve(request({ costUsd: 0.2, budgets }))).rejects.toMatchObject({
        kind: "budget_exceeded",
      });
      const actual = { quantity: 10, costUsd: 0.3, kind: "actual" as const, priceAsOf: "2026-11-01" };
      await ledger.settle(first, actual);
      await ledger.settle(first, actual);
      await ledger.release(first);
      await ledger.reserve(request({ costUsd: 0.7, budgets }));
      await expect(ledger.reserve(request({ costUsd: 0.000_001, budgets }))).rejects.toMatchObject({
        kind: "budget_exceeded",
      });
      expect(await ledger.totals({})).toEqual([{ group: "", entries: 1, quantity: 10, costUsd: 0.3, estimatedUsd: 0 }]);
    }),
  );

  test(
    "a released reservation leaves neither cost nor entry",
    withLedger(async ({ ledger }) => {
      const reservation = await ledger.reserve(request({ costUsd: 1, budgets: [budget(1)] }));
      await ledger.release(reservation);
      await ledger.release(reservation);
      await ledger.reserve(request({ costUsd: 1, budgets: [budget(1)] }));
      expect(await ledger.totals({ groupBy: "day" })).toEqual([]);
      await expect(ledger.settle({ id: "none" }, { quantity: 1, costUsd: 1, kind: "actual" })).rejects.toMatchObject({
        kind: "not_found",
      });
    }),
  );

  test(
    "an abandoned reservation gives its money back, and still counts when settled late",
    withLedger(async ({ ledger, clock }) => {
      const budgets = [budget(1)];
      const abandoned = await ledger.reserve(request({ costUsd: 0.8, budgets, expiresInMs: 60_000 }));
      const refused = () => ledger.reserve(request({ costUsd: 0.5, budgets }));
      await expect(refused()).rejects.toMatchObject({ kind: "budget_exceeded" });
      await clock.advance(61_000);
      await refused();
      await ledger.settle(abandoned, { quantity: 1, costUsd: 0.4, kind: "actual" });
      expect((await ledger.totals({}))[0]?.costUsd).toBe(0.4);
      await expect(ledger.reserve(request({ costUsd: 0.2, budgets }))).rejects.toMatchObject({
        kind: "budget_exceeded",
      });
    }),
  );

  test(
    "a budget is free again when its window has passed, and says when",
    withLedger(async ({ ledger, clock }) => {
      const budgets = [budget(1, 60_000), budget(10, day, "caller")];
      await ledger.settle(await ledger.reserve(request({ budgets })), { quantity: 1, costUsd: 1, kind: "actual" });
      await clock.advance(30_000);
      const refused = await ledger.reserve(request({ budgets })).catch((error: unknown) => error);
      expect(refused).toMatchObject({ kind: "budget_exceeded", message: expect.stringContaining("daily") as string });
      const { retryAfterMs } = refused as { retryAfterMs: number };
      expect(retryAfterMs).toBeGreaterThanOrEqual(30_000);
      expect(retryAfterMs).toBeLessThanOrEqual(32_000);
      await clock.advance(retryAfterMs);
      await ledger.reserve(request({ budgets }));
    }),
  );

  test(
    "a refusal by the second budget takes nothing from the first",
    withLedger(async ({ ledger }) => {
      await expect(
        ledger.reserve(request({ costUsd: 2, budgets: [budget(5), budget(1, day, "small")] })),
      ).rejects.toMatchObject({ kind: "budget_exceeded" });
      await ledger.reserve(request({ costUsd: 5, budgets: [budget(5), budget(5)] }));
      await expect(ledger.reserve(request({ budgets: [budget(-1)] }))).rejects.toMatchObject({ kind: "invalid_input" });
      await expect(ledger.reserve(request({ costUsd: -1 }))).rejects.toMatchObject({ kind: "invalid_input" });
    }),
  );

  test(
    "totals by service, server, caller, unit and day",
    withLedger(async ({ ledger, clock }) => {
      const entry = { ...request({ costUsd: 0.1 }), kind: "estimate" as const };
      for (let index = 0; index < 10; index += 1) await ledger.record(entry);
      await clock.advance(day);
      await ledger.record({
        ...entry,
        server: "data",
        service: "tavily",
        caller: "cli",
        unit: "credit",
        costUsd: 0.07,
        kind: "actual",
      });
      const ten = { entries: 10, quantity: 10_000, costUsd: 1, estimatedUsd: 1 };
      const one = { entries: 1, quantity: 1_000, costUsd: 0.07, estimatedUsd: 0 };
      expect(await ledger.totals({ groupBy: "service" })).toEqual([
        { group: "openrouter", ...ten },
        { group: "tavily", ...one },
      ]);
      expect(await ledger.totals({ groupBy: "server" })).toEqual([
        { group: "ai", ...ten },
        { group: "data", ...one },
      ]);
      expect(await ledger.totals({ groupBy: "caller" })).toEqual([
        { group: "cli", ...one },
        { group: "cursor", ...ten },
      ]);
      expect(await ledger.totals({ groupBy: "unit" })).toEqual([
        { group: "credit", ...one },
        { group: "token", ...ten },
      ]);
      expect(await ledger.totals({ groupBy: "day" })).toEqual([
        { group: "2026-01-05", ...ten },
        { group: "2026-01-06", ...one },
      ]);
      expect(await ledger.totals({ since: clock.now(), server: "data" })).toEqual([{ group: "", ...one }]);
      expect(await ledger.totals({ until: clock.now(), caller: "cursor", service: "openrouter" })).toEqual([
        { group: "", ...ten },
      ]);
      expect(await ledger.totals({ server: "bi" })).toEqual([
        { group: "", entries: 0, quantity: 0, costUsd: 0, estimatedUsd: 0 },
      ]);
    }),
  );

  test(
    "10,000 tiny costs add up to the nano-USD",
    withLedger(async ({ ledger, store }) => {
      const cost = 0.02 / 1_000_000;
      await ledger.record({ ...request({ costUsd: cost }), kind: "actual" });
      const row = await store.db.selectFrom("ledger_entries").selectAll().executeTakeFirstOrThrow();
      const copies = Array.from({ length: 9_999 }, (_, index) => ({ ...row, id: `copy${index}` }));
      for (let from = 0; from < copies.length; from += 1_000) {
        await store.db
          .insertInto("ledger_entries")
          .values(copies.slice(from, from + 1_000))
          .execute();
      }
      expect((await ledger.totals({}))[0]).toMatchObject({ entries: 10_000, costUsd: 0.0002 });
    }),
  );
});

const ledgerModule = new URL("./ledger.ts", import.meta.url).href;
const enginesModule = new URL("../testing/store-engines.ts", import.meta.url).href;
const reserveScript = `
  import { createLedger } from ${JSON.stringify(ledgerModule)};
  import { openStoreAt } from ${JSON.stringify(enginesModule)};
  const [place, name] = process.argv.slice(2).map((text) => JSON.parse(text));
  const store = await openStoreAt(place);
  const ledger = createLedger({ store });
  const budgets = [{ key: "shared", limitUsd: 0.5, windowMs: 86_400_000 }];
  const one = (index) => ledger.reserve({ requestId: name + index, server: "ai", service: "s", caller: name, unit: "token", quantity: 1, costUsd: 0.1, budgets });
  const results = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => one(index)));
  for (const { reason } of results) console.log(reason === undefined ? "reserved" : (reason.kind ?? String(reason)));
  await store.close();
`;
