import type { Budget } from "@sophia/core/ledger/budget-buckets";
import type { Ledger } from "@sophia/core/ledger/ledger";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import type { CollectionTables } from "./tables.ts";

export interface DataBudget {
  scope: "service" | "caller";
  /** A service, or the name or id of a caller; `*`: each of them together. */
  name: string;
  usdPerMonth: number;
}

/** What the collecting services may cost in any 30 days, by service and by caller. */
export interface DataBudgets {
  list(): Promise<(DataBudget & { spentUsd: number })[]>;
  /** Holds from the next item on. `null`: no limit any more. */
  set(budget: Omit<DataBudget, "usdPerMonth"> & { usdPerMonth: number | null }): Promise<void>;
  /** What a call of this caller to this service is charged to. */
  of(caller: string, service: string): Promise<Budget[]>;
}

const monthMs = 30 * 86_400_000;
/** The most that the ledger can count. */
const noLimitUsd = 8_000_000;
const everybody = "*";

export function createDataBudgets(options: {
  store: Store<CollectionTables>;
  ledger: Pick<Ledger, "totals">;
  clock: Clock;
}): DataBudgets {
  const { store, ledger, clock } = options;
  const { db } = store;

  async function spentBy({ scope, name }: Pick<DataBudget, "scope" | "name">): Promise<number> {
    const narrow = name === everybody ? {} : { [scope]: name };
    const [total] = await ledger.totals({ server: "data", since: clock.now() - monthMs, ...narrow });
    return total?.costUsd ?? 0;
  }

  return {
    async list() {
      const rows = await db.selectFrom("data_budgets").selectAll().orderBy("scope").orderBy("name").execute();
      return await Promise.all(
        rows.map(async ({ scope, name, usd_per_month: usdPerMonth }) => {
          const budget = { scope: scope as DataBudget["scope"], name };
          return { ...budget, usdPerMonth, spentUsd: await spentBy(budget) };
        }),
      );
    },
    async set({ scope, name, usdPerMonth }) {
      if (usdPerMonth === null) {
        await db.deleteFrom("data_budgets").where("scope", "=", scope).where("name", "=", name).execute();
        return;
      }
      const values = { usd_per_month: usdPerMonth, updated_at: clock.now() };
      await db
        .insertInto("data_budgets")
        .values({ scope, name, ...values })
        .onConflict((conflict) => conflict.columns(["scope", "name"]).doUpdateSet(values))
        .execute();
    },
    async of(caller, service) {
      const rows = await db
        .selectFrom("data_budgets")
        .selectAll()
        .where((where) =>
          where.or([
            where.and([where("scope", "=", "service"), where("name", "in", [service, everybody])]),
            where.and([where("scope", "=", "caller"), where("name", "in", [caller, everybody])]),
          ]),
        )
        .execute();
      const limits = new Map(rows.map((row) => [`${row.scope} ${row.name}`, row.usd_per_month]));
      // Each is counted also while it has no limit: one that is set later holds for what was spent before.
      return [`service ${service}`, `service ${everybody}`, `caller ${caller}`, `caller ${everybody}`].map((name) => ({
        key: `of data calls, ${name}, per month`,
        limitUsd: limits.get(name) ?? noLimitUsd,
        windowMs: monthMs,
      }));
    },
  };
}
