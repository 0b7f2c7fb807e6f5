import { hash } from "node:crypto";
import { sql, type Transaction } from "kysely";
import { toNanoUsd } from "@sophia/core/ledger/nano-usd";
import { QuantileSketch } from "@sophia/core/statistics/quantile-sketch";
import type { Engine } from "@sophia/core/store/store";
import type { CallRecord } from "../domain/call-record.ts";
import {
  type UsageCounts,
  usageCounts,
  type UsageDimension,
  usageDimensions,
  type UsageRow,
  type UsageTables,
} from "./usage-tables.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
const workloadVersion = 1;
const rowsAtOnce = 200;
/** Any fixed number: the PostgreSQL advisory lock that lets one process at a time add to the sums. */
const rollUpLockId = 7_226_041_156;

/** Adds calls to the sums of their hours and days, in the transaction that writes them to the log: both or neither. */
export async function addToRollUps(
  tx: Transaction<UsageTables>,
  engine: Engine,
  records: readonly CallRecord[],
): Promise<void> {
  if (engine === "postgres") await sql`select pg_advisory_xact_lock(${rollUpLockId}::bigint)`.execute(tx);
  const hours = sumUpHours(records);
  for (const chunk of chunksOf(hours)) {
    const rows = await mergeStored(chunk, (ids) =>
      tx.selectFrom("ai_usage_hourly").selectAll().where("id", "in", ids).execute(),
    );
    await tx
      .insertInto("ai_usage_hourly")
      .values(rows)
      .onConflict((conflict) => conflict.column("id").doUpdateSet(replaceSums))
      .execute();
  }
  for (const chunk of chunksOf(sumUpDays(hours))) {
    const rows = await mergeStored(chunk, (ids) =>
      tx.selectFrom("workload_daily").selectAll().where("id", "in", ids).execute(),
    );
    await tx
      .insertInto("workload_daily")
      .values(rows.map((row) => ({ ...row, version: workloadVersion, server: "ai", day: toDay(row.start) })))
      .onConflict((conflict) => conflict.column("id").doUpdateSet(replaceSums))
      .execute();
  }
}

/** YYYY-MM-DD, UTC. */
export function toDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

const replaceSums = Object.fromEntries(
  [...usageCounts, "latency"].map((column) => [column, sql.ref(`excluded.${column}`)]),
);

/** One row for each hour and combination of dimensions. */
function sumUpHours(records: readonly CallRecord[]): UsageRow[] {
  const sums = new Sums(hourMs);
  for (const record of records) {
    const { row, sketch } = sums.of(record, record.startedAt);
    addCounts(row, countsOf(record));
    if (record.outcome === "ok" || record.outcome === "partial") sketch.add(record.totalMs);
  }
  return sums.list();
}

/** The same for days. */
function sumUpDays(hours: readonly UsageRow[]): UsageRow[] {
  const sums = new Sums(dayMs);
  for (const hour of hours) {
    const { row, sketch } = sums.of(hour, hour.start);
    addCounts(row, hour);
    sketch.mergeText(hour.latency);
  }
  return sums.list();
}

class Sums {
  readonly #stepMs: number;
  readonly #rows = new Map<string, { row: UsageRow; sketch: QuantileSketch }>();

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  of(dimensions: Record<UsageDimension, string>, at: number): { row: UsageRow; sketch: QuantileSketch } {
    const start = Math.floor(at / this.#stepMs) * this.#stepMs;
    let key = String(start);
    for (let index = 0; index < usageDimensions.length; index += 1) {
      key += `\n${dimensions[usageDimensions[index] as UsageDimension]}`;
    }
    const known = this.#rows.get(key);
    if (known) return known;
    const id = hash("sha256", key, "base64url");
    const row = { id, start, ...dimensionsOf(dimensions), ...zeroCounts(), latency: "" };
    const entry = { row, sketch: new QuantileSketch() };
    this.#rows.set(key, entry);
    return entry;
  }

  list(): UsageRow[] {
    return [...this.#rows.values()].map(({ row, sketch }) => ({ ...row, latency: String(sketch) }));
  }
}

function dimensionsOf(record: Record<UsageDimension, string>): Record<UsageDimension, string> {
  return Object.fromEntries(usageDimensions.map((name) => [name, record[name]])) as Record<UsageDimension, string>;
}

function countsOf(record: CallRecord): UsageCounts {
  const cost = toNanoUsd(record.costUsd);
  const hasBaseline = record.baselineUsd !== undefined;
  return {
    calls: 1,
    errors: Number(record.outcome === "error"),
    partials: Number(record.outcome === "partial"),
    cancelled: Number(record.outcome === "cancelled"),
    unpriced_calls: Number(!record.priceKnown),
    input_tokens: record.inputTokens,
    output_tokens: record.outputTokens,
    cached_input_tokens: record.cachedInputTokens,
    cost_nano_usd: cost,
    estimated_nano_usd: record.tokensEstimated ? cost : 0,
    baseline_calls: Number(hasBaseline),
    baseline_nano_usd: toNanoUsd(record.baselineUsd ?? 0),
    baseline_cost_nano_usd: hasBaseline ? cost : 0,
  };
}

export function zeroCounts(): UsageCounts {
  return Object.fromEntries(usageCounts.map((count) => [count, 0])) as UsageCounts;
}

export function addCounts(sum: UsageCounts, more: UsageCounts): void {
  for (const count of usageCounts) sum[count] += more[count];
}

async function mergeStored(
  rows: readonly UsageRow[],
  read: (ids: string[]) => Promise<UsageRow[]>,
): Promise<UsageRow[]> {
  const stored = new Map((await read(rows.map(({ id }) => id))).map((row) => [row.id, row]));
  return rows.map((row) => {
    const before = stored.get(row.id);
    if (!before) return row;
    const merged = { ...row };
    addCounts(merged, before);
    const sketch = QuantileSketch.parse(before.latency);
    sketch.mergeText(row.latency);
    return { ...merged, latency: String(sketch) };
  });
}

function chunksOf(rows: readonly UsageRow[]): UsageRow[][] {
  return Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_value, index) =>
    rows.slice(index * rowsAtOnce, (index + 1) * rowsAtOnce),
  );
}
