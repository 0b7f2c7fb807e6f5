import { sql, type Transaction } from "kysely";
import { AppError } from "../errors/app-error.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine } from "../store/migrate.ts";
import { toNanoUsd, toUsd } from "./nano-usd.ts";

/** At most `limitUsd` in any `windowMs` long stretch of time, for everything charged under `key`. */
export interface Budget {
  key: string;
  limitUsd: number;
  windowMs: number;
}

/** The slice of a budget's window that a reservation was charged to. */
export interface Charge {
  key: string;
  windowMs: number;
  bucketStart: number;
}

export interface BudgetShortage {
  budget: Budget;
  spentUsd: number;
  /** When the oldest slice leaves the window. */
  retryAfterMs: number;
}

/** A window is counted in slices, so its sum reads at most this many rows plus one. */
const slicesPerWindow = 60;

/** One charge per key and window, in one order, so that two reservations never wait for each other. */
export function buildCharges(budgets: readonly Budget[], now: number): Charge[] {
  const charges = new Map<string, Charge>();
  for (const { key, windowMs, limitUsd } of budgets) {
    if (!Number.isSafeInteger(windowMs) || windowMs <= 0 || !(limitUsd >= 0)) {
      throw new AppError(
        "invalid_input",
        `The budget ${key} needs a limit of at least 0 USD and a window in whole ms.`,
      );
    }
    const sliceMs = sliceOf(windowMs);
    charges.set(`${windowMs} ${key}`, { key, windowMs, bucketStart: Math.floor(now / sliceMs) * sliceMs });
  }
  return [...charges].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, charge]) => charge);
}

/** How long a charge lies in one slice of its window. */
export function sliceOf(windowMs: number): number {
  return Math.max(1, Math.ceil(windowMs / slicesPerWindow));
}

/** Two reservations on one budget must not both see the room that only one may take. */
export async function lockBudgets(tx: Transaction<CoreTables>, engine: Engine, keys: readonly string[]): Promise<void> {
  // On SQLite BEGIN IMMEDIATE already lets one writer in at a time.
  if (engine === "sqlite") return;
  // The same order everywhere, or two reservations on the same two budgets would wait for each other.
  for (const key of [...new Set(keys)].toSorted()) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`budget:${key}`}, 0))`.execute(tx);
  }
}

/** The first budget that `costNanoUsd` more would break, or undefined when all have room. */
export async function findShortage(
  tx: Transaction<CoreTables>,
  budgets: readonly Budget[],
  request: { costNanoUsd: number; now: number },
): Promise<BudgetShortage | undefined> {
  for (const budget of budgets) {
    // A slice counts as long as any part of it lies in the window: never more than the limit, at times a little less.
    const oldest = request.now - budget.windowMs - sliceOf(budget.windowMs);
    const rows = await tx
      .selectFrom("ledger_buckets")
      .select(["bucket_start", "cost_nano_usd"])
      .where("budget_key", "=", budget.key)
      .where("window_ms", "=", budget.windowMs)
      .where("bucket_start", ">", oldest)
      .orderBy("bucket_start")
      .execute();
    const spent = rows.reduce((sum, row) => sum + BigInt(row.cost_nano_usd), 0n);
    if (spent + BigInt(request.costNanoUsd) <= BigInt(toNanoUsd(budget.limitUsd))) continue;
    const first = rows.find((row) => row.cost_nano_usd > 0)?.bucket_start ?? request.now;
    const retryAfterMs = Math.max(1_000, first + budget.windowMs + sliceOf(budget.windowMs) - request.now);
    return { budget, spentUsd: toUsd(spent), retryAfterMs };
  }
  return undefined;
}

/** Adds (or, when negative, gives back) a cost in every slice it is charged to. */
export async function addToBuckets(
  tx: Transaction<CoreTables>,
  charges: readonly Charge[],
  costNanoUsd: number,
): Promise<void> {
  if (charges.length === 0 || costNanoUsd === 0) return;
  await tx
    .insertInto("ledger_buckets")
    .values(
      charges.map((charge) => ({
        budget_key: charge.key,
        window_ms: charge.windowMs,
        bucket_start: charge.bucketStart,
        cost_nano_usd: costNanoUsd,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["budget_key", "window_ms", "bucket_start"]).doUpdateSet((expression) => ({
        cost_nano_usd: expression("ledger_buckets.cost_nano_usd", "+", expression.ref("excluded.cost_nano_usd")),
      })),
    )
    .execute();
}

/** Slices that no window reaches any more. */
export async function dropOldBuckets(tx: Transaction<CoreTables>, now: number): Promise<void> {
  await tx
    .deleteFrom("ledger_buckets")
    .where(sql<boolean>`bucket_start + 2 * window_ms < ${now}`)
    .execute();
}
