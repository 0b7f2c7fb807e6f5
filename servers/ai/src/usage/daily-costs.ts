import { costOf, type UsageGroupSums } from "./read-usage.ts";
import { dayMs } from "./roll-up.ts";
import { startOfDay, type TimeRange } from "./time-range.ts";

export interface DailyCosts {
  /** Beginning of the first day, wall-clock milliseconds. */
  firstDay: number;
  /** USD of each day, one behind the other; days without calls are 0. */
  costs: number[];
}

/** From sums whose key begins with the day. Days before the first call are no days of little spending: they are left out. */
export function toDailyCosts(byDay: readonly UsageGroupSums[], { until }: TimeRange): DailyCosts {
  const byTime = new Map<number, number>();
  for (const { key, counts } of byDay) {
    const day = startOfDay(Number(key[0]));
    byTime.set(day, (byTime.get(day) ?? 0) + costOf(counts));
  }
  const firstDay = Math.min(...byTime.keys());
  if (!Number.isFinite(firstDay)) return { firstDay: startOfDay(until), costs: [] };
  const days = Math.ceil((until - firstDay) / dayMs);
  return {
    firstDay,
    costs: Array.from({ length: days }, (_value, index) => byTime.get(firstDay + index * dayMs) ?? 0),
  };
}
