import { type Expression, type RawBuilder, sql } from "kysely";
import { QuantileSketch } from "@sophia/core/statistics/quantile-sketch";
import { toUsd } from "@sophia/core/ledger/nano-usd";
import type { Store } from "@sophia/core/store/store";
import { addCounts, dayMs, hourMs, zeroCounts } from "./roll-up.ts";
import { startOfDay, type TimeRange } from "./time-range.ts";
import { type UsageCounts, usageCounts, type UsageDimension, type UsageTables } from "./usage-tables.ts";

export type UsageGroup = UsageDimension | "day" | "hour";

export type UsageFilter = Partial<Record<UsageDimension, string>>;

export interface UsageQuestion {
  range: TimeRange;
  by: readonly UsageGroup[];
  filter?: UsageFilter;
  /** Read latencies too; they take the longest. */
  latency?: boolean;
}

export interface UsageGroupSums {
  /** Values of `by`, in its order; a day or hour is its beginning in milliseconds, as text. */
  key: string[];
  counts: UsageCounts;
  latency: QuantileSketch;
}

interface Part extends TimeRange {
  table: "ai_usage_hourly" | "workload_daily";
}

/** Sums over a stretch of time, from the sums of days where whole days are asked for and from those of hours else. */
export async function readUsage(store: Store<UsageTables>, question: UsageQuestion): Promise<UsageGroupSums[]> {
  const groups = new Map<string, UsageGroupSums>();
  for (const part of splitRange(question)) {
    for (const row of await readPart(store, part, question)) {
      const known = groups.get(row.key.join("\n"));
      if (!known) {
        groups.set(row.key.join("\n"), row);
        continue;
      }
      addCounts(known.counts, row.counts);
      known.latency.mergeText(String(row.latency));
    }
  }
  return [...groups.values()];
}

export function costOf(counts: UsageCounts): number {
  return toUsd(counts.cost_nano_usd);
}

export function sumCounts(all: readonly { counts: UsageCounts }[]): UsageCounts {
  const sum = zeroCounts();
  for (const { counts } of all) addCounts(sum, counts);
  return sum;
}

function splitRange({ range: { since, until }, by }: UsageQuestion): Part[] {
  const firstDay = startOfDay(since + dayMs - 1);
  // A day that is not over yet is whole as far as it goes.
  const lastDay = startOfDay(until);
  if (by.includes("hour") || firstDay >= lastDay) return [{ table: "ai_usage_hourly", since, until }];
  const parts: Part[] = [
    { table: "ai_usage_hourly", since, until: firstDay },
    { table: "workload_daily", since: firstDay, until: lastDay },
    { table: "ai_usage_hourly", since: lastDay, until },
  ];
  return parts.filter((part) => part.since < part.until);
}

async function readPart(store: Store<UsageTables>, part: Part, question: UsageQuestion): Promise<UsageGroupSums[]> {
  const { by, filter = {}, latency = false } = question;
  const keys = by.map((group, index) => keyOf(group).as(`key_${index}`));
  const sums = usageCounts.map((count) => sql<number>`cast(sum(${sql.ref(count)}) as bigint)`.as(count));
  const sketch = latency ? joined(store.engine) : sql<string>`''`;
  let query = store.db
    // Both tables have these columns; the one that has more is the narrower type here.
    .selectFrom(part.table as "ai_usage_hourly")
    .select([...keys, ...sums, sketch.as("sketch")])
    .where("start", ">=", part.since)
    .where("start", "<", part.until);
  if (part.table === "workload_daily") query = query.where(sql.ref("server"), "=", "ai");
  for (const [dimension, value] of Object.entries(filter)) query = query.where(dimension as UsageDimension, "=", value);
  for (const group of by) query = query.groupBy(keyOf(group));
  const rows = (await query.execute()) as Record<string, string | number | null>[];
  return rows.filter((row) => row["calls"] !== null).map((row) => toSums(row, by.length));
}

function keyOf(group: UsageGroup): RawBuilder<string | number> {
  if (group === "hour") return sql<number>`start - start % ${sql.lit(hourMs)}`;
  if (group === "day") return sql<number>`start - start % ${sql.lit(dayMs)}`;
  return sql<string>`${sql.ref(group)}`;
}

/** What sketches write, one behind the other, is their sum. */
function joined(engine: "sqlite" | "postgres"): Expression<string> & RawBuilder<string> {
  return engine === "sqlite" ? sql<string>`group_concat(latency, ' ')` : sql<string>`string_agg(latency, ' ')`;
}

function toSums(row: Record<string, string | number | null>, keys: number): UsageGroupSums {
  const counts = Object.fromEntries(usageCounts.map((count) => [count, Number(row[count] ?? 0)])) as UsageCounts;
  return {
    key: Array.from({ length: keys }, (_value, index) => String(row[`key_${index}`])),
    counts,
    latency: QuantileSketch.parse(String(row["sketch"] ?? "")),
  };
}
