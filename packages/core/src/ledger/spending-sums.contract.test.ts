import fc from "fast-check";
import { expect, test } from "vitest";
import type { CoreTables } from "../store/core-tables.ts";
import { silentLog as log, startEngine } from "../testing/store-engines.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createSpending } from "./spending.ts";

const budgets = [{ key: "daily", limitUsd: 0.5, windowMs: 24 * 60 * 60_000 }];
const call = {
  requestId: "r1",
  server: "ai",
  service: "openrouter",
  unit: "tokens",
  quantity: 1_000,
  budgets,
} as const;

test("whatever calls do, the budget counts what the lines say", async () => {
  const stores = await startEngine("sqlite");
  const step = fc.record({
    caller: fc.constantFrom("a", "b"),
    cents: fc.nat(20),
    end: fc.constantFrom("low", "high", "no"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const store = await stores?.open<CoreTables>(await stores.createPlace());
      if (!store) throw new Error("no SQLite");
      const clock = createVirtualClock();
      const spending = createSpending({ store, log, clock });
      for (const { caller, cents, end } of steps) {
        const hold = await Promise.resolve(spending.reserve({ ...call, caller, costUsd: cents / 100 })).catch(
          () => undefined,
        );
        if (!hold) continue;
        if (end === "no") spending.release(hold);
        else
          spending.settle(hold, {
            quantity: 1_000,
            costUsd: (cents * (end === "low" ? 0.5 : 1.5)) / 100,
            kind: "actual",
          });
        await clock.advance(700);
      }
      await spending.close();
      const charged = await store.db.selectFrom("ledger_buckets").select("cost_nano_usd").execute();
      const lines = await store.db.selectFrom("ledger_entries").select("cost_nano_usd").execute();
      const sum = (rows: { cost_nano_usd: number }[]) => rows.reduce((total, row) => total + row.cost_nano_usd, 0);
      expect(sum(charged)).toBe(sum(lines));
      await store.close();
    }),
    { numRuns: 8 },
  );
  await stores?.stop();
});
