import { sql } from "kysely";
import { sliceOf } from "@sophia/core/ledger/budget-buckets";
import { toUsd } from "@sophia/core/ledger/nano-usd";
import type { Clock } from "@sophia/core/limits/clock";
import type { AlertEvent, AlertEvents } from "@sophia/core/store/alert-events";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import { type BudgetWindow, budgetWindows, type NamedBudget } from "./policy-budgets.ts";
import { everybody } from "./stored-policy.ts";

export interface BudgetState {
  /** Id of a token, or `*`: all callers together. */
  caller: string;
  window: BudgetWindow;
  limitUsd: number;
  /** Spent and set aside in the window. */
  spentUsd: number;
  /** Of the limit; above 1 where calls cost more than was set aside for them. */
  share: number;
  /** The highest of 50, 80 and 100 percent that has been reached. */
  warning?: 50 | 80 | 100;
}

export interface BudgetWatch {
  /** The fullest first. */
  states(): Promise<BudgetState[]>;
  /** Looks and alerts now; happens twice a minute by itself. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const thresholds = [100, 80, 50] as const;
const severities: Record<(typeof thresholds)[number], AlertEvent["severity"]> = {
  100: "critical",
  80: "warning",
  50: "info",
};
const checkEveryMs = 30_000;
const budgetsAtOnce = 200;

/** How full the budgets are, and an alert when one passes 50, 80 or 100 percent: once a day for days, once a month for months. */
export function createBudgetWatch<Tables extends CoreTables>(options: {
  store: Store<Tables>;
  budgets(): NamedBudget[];
  alerts: Pick<AlertEvents, "write">;
  clock: Clock;
  log: Logger;
}): BudgetWatch {
  const store: Store<CoreTables> = narrowStore(options.store);
  const { alerts, clock, log } = options;
  const stopped = new AbortController();
  const told = new Map<string, number>();

  const states = (): Promise<BudgetState[]> => readAll(store, options.budgets(), clock.now());

  async function tell(state: BudgetState): Promise<void> {
    const { caller, window, warning } = state;
    const period = new Date(clock.now()).toISOString().slice(0, window === "day" ? 10 : 7);
    const occurrence = `ai budget ${caller} ${window} ${state.limitUsd} ${period}`;
    if (warning === undefined || (told.get(occurrence) ?? 0) >= warning) return;
    await alerts.write({
      at: clock.now(),
      server: "ai",
      kind: "budget",
      severity: severities[warning],
      title: `AI budget of ${caller === everybody ? "all callers" : caller}: ${warning} % of the ${window}'s ${state.limitUsd} USD reached.`,
      detail: `Spent or set aside in the last ${window === "day" ? "24 hours" : "30 days"}: ${state.spentUsd.toFixed(2)} USD. At 100 % calls are refused until earlier spending leaves the window; set_budget changes the limit.`,
      key: `${occurrence} ${warning}`,
    });
    if (told.size > 10_000) told.clear();
    told.set(occurrence, warning);
  }

  async function check(): Promise<void> {
    for (const state of await states()) await tell(state);
  }

  async function follow(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(checkEveryMs, stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      try {
        await check();
      } catch (error) {
        log.warn({ err: error }, "budgets not looked at: trying again");
      }
    }
  }

  const following = follow();
  return {
    states,
    check,
    async close() {
      stopped.abort();
      await following;
    },
  };
}

async function readAll(store: Store<CoreTables>, budgets: readonly NamedBudget[], now: number): Promise<BudgetState[]> {
  const all: BudgetState[] = [];
  for (const window of ["day", "month"] as const) {
    const ofWindow = budgets.filter((named) => named.window === window);
    for (let start = 0; start < ofWindow.length; start += budgetsAtOnce) {
      const some = ofWindow.slice(start, start + budgetsAtOnce);
      all.push(...(await readStates(store, window, { budgets: some, now })));
    }
  }
  return all.toSorted((left, right) => right.share - left.share);
}

async function readStates(
  store: Store<CoreTables>,
  window: BudgetWindow,
  { budgets, now }: { budgets: readonly NamedBudget[]; now: number },
): Promise<BudgetState[]> {
  const windowMs = budgetWindows[window];
  const rows = await store.db
    .selectFrom("ledger_buckets")
    // As text: a sum may pass 2^53, where a number would be rounded.
    .select(["budget_key", sql<string>`cast(sum(cost_nano_usd) as text)`.as("spent")])
    .where(
      "budget_key",
      "in",
      budgets.map(({ budget }) => budget.key),
    )
    .where("window_ms", "=", windowMs)
    // The same slices as the ledger counts when it refuses.
    .where("bucket_start", ">", now - windowMs - sliceOf(windowMs))
    .groupBy("budget_key")
    .execute();
  const spentBy = new Map(rows.map(({ budget_key, spent }) => [budget_key, toUsd(spent)]));
  return budgets.map(({ caller, budget: { key, limitUsd } }) => {
    const spentUsd = spentBy.get(key) ?? 0;
    // Nothing allowed is used up from the start.
    const share = limitUsd === 0 ? 1 : spentUsd / limitUsd;
    const warning = thresholds.find((threshold) => share >= threshold / 100);
    return { caller, window, limitUsd, spentUsd, share, ...(warning !== undefined && { warning }) };
  });
}
