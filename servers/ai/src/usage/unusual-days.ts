import { type Anomaly, findAnomalies } from "@sophia/core/statistics/find-anomalies";
import type { Store } from "@sophia/core/store/store";
import { toDailyCosts } from "./daily-costs.ts";
import { type Driver, findDriver } from "./find-driver.ts";
import { readUsage, type UsageFilter, type UsageGroupSums } from "./read-usage.ts";
import { dayMs, toDay } from "./roll-up.ts";
import { startOfDay, type TimeRange } from "./time-range.ts";
import type { UsageTables } from "./usage-tables.ts";

export interface UnusualDay {
  /** YYYY-MM-DD, UTC. */
  day: string;
  /** Whose spending: all, or one model's or caller's. */
  of: "all" | "model" | "caller";
  name?: string;
  costUsd: number;
  expectedUsd: number;
  /** How many usual deviations away. */
  score: number;
  driver?: Driver;
}

const historyDays = 63;
const mostReported = 6;
const mostMembers = 8;
/** Less than this is nobody's worry. */
const leastUsd = 0.1;
const leastShareOfDay = 0.1;

/** Days in the range on which all, a model or a caller cost far more or less than before, with what drove it. */
export async function findUnusualDays(
  store: Store<UsageTables>,
  { range, filter, now }: { range: TimeRange; filter: UsageFilter; now: number },
): Promise<UnusualDay[]> {
  const wide = { since: startOfDay(range.since) - historyDays * dayMs, until: range.until };
  const byDay = await readUsage(store, { range: wide, by: ["day"], filter });
  const found = judge(byDay, wide, { of: "all", range, now });
  for (const dimension of ["model", "caller"] as const) {
    const groups = Map.groupBy(
      await readUsage(store, { range: wide, by: ["day", dimension], filter }),
      ({ key }) => key[1],
    );
    const largest = [...groups].toSorted(([, left], [, right]) => total(right) - total(left)).slice(0, mostMembers);
    // One alone is the same as all.
    if (groups.size > 1) {
      for (const [name = "", days] of largest) found.push(...judge(days, wide, { of: dimension, name, range, now }));
    }
  }
  const chosen = found.toSorted(byWeight).slice(0, mostReported);
  const explained: UnusualDay[] = [];
  for (const day of chosen) {
    const own = day.of === "all" ? filter : { ...filter, [day.of]: day.name ?? "" };
    const driver = await findDriver(store, {
      day: Date.parse(day.day),
      filter: own,
      change: day.costUsd - day.expectedUsd,
    });
    explained.push({ ...day, ...(driver && { driver }) });
  }
  return explained;
}

function judge(
  days: readonly UsageGroupSums[],
  wide: TimeRange,
  asked: { of: UnusualDay["of"]; name?: string; range: TimeRange; now: number },
): UnusualDay[] {
  const { of, name, range, now } = asked;
  const { firstDay, costs } = toDailyCosts(days, wide);
  const usual = costs.reduce((sum, cost) => sum + cost, 0) / Math.max(1, costs.length);
  const minimumChange = Math.max(leastUsd, leastShareOfDay * usual);
  return findAnomalies(costs, { period: 7, minimumChange })
    .map((anomaly) => ({ ...anomaly, time: firstDay + anomaly.index * dayMs }))
    .filter(({ time }) => time >= startOfDay(range.since) && time < range.until)
    .filter((anomaly) => isOver(anomaly, now) || anomaly.score > 0)
    .map(({ time, value, expected, score }) => ({
      day: toDay(time),
      of,
      ...(name !== undefined && { name }),
      costUsd: value,
      expectedUsd: Math.max(0, expected),
      score,
    }));
}

/** Of today only too much can be said. */
function isOver({ time }: Anomaly & { time: number }, now: number): boolean {
  return time + dayMs <= now;
}

/** Days of all before those of one, then the largest difference. */
function byWeight(left: UnusualDay, right: UnusualDay): number {
  const sizeOf = ({ costUsd, expectedUsd }: UnusualDay): number => Math.abs(costUsd - expectedUsd);
  return Number(right.of === "all") - Number(left.of === "all") || sizeOf(right) - sizeOf(left);
}

function total(days: readonly UsageGroupSums[]): number {
  return days.reduce((sum, { counts }) => sum + counts.cost_nano_usd, 0);
}
