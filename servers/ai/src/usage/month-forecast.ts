import { forecastSeries, type Forecast } from "@sophia/core/statistics/forecast-series";
import type { DailyCosts } from "./daily-costs.ts";
import { dayMs, toDay } from "./roll-up.ts";
import { startOfDay } from "./time-range.ts";

export interface MonthForecast {
  /** YYYY-MM, UTC. */
  month: string;
  spentUsd: number;
  /** The whole month, with what has been spent. */
  expectedUsd: number;
  /** 95 % interval of the whole month. */
  lowerUsd: number;
  upperUsd: number;
  method: Forecast["method"];
  /** Whole days it rests on. */
  days: number;
}

const longestHistoryDays = 182;
const week = 7;

/** What the running calendar month will have cost. `undefined` for fewer than four whole days of history. */
export function forecastMonth({ firstDay, costs }: DailyCosts, now: number): MonthForecast | undefined {
  const today = startOfDay(now);
  const month = toDay(now).slice(0, 7);
  const monthStart = Date.parse(`${month}-01`);
  const date = new Date(now);
  const monthEnd = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  const whole = costs.slice(0, Math.max(0, (today - firstDay) / dayMs));
  const history = whole.slice(-longestHistoryDays);
  const forecast = forecastSeries(history, { horizon: Math.round((monthEnd - today) / dayMs), period: week });
  if (!forecast) return undefined;
  const spentBefore = sum(whole.slice(Math.max(0, (monthStart - firstDay) / dayMs)));
  const spentToday = costs[(today - firstDay) / dayMs] ?? 0;
  const spentUsd = spentBefore + spentToday;
  // Today may already have cost more than was expected of it.
  const more = Math.max(0, spentToday - Math.max(0, forecast.steps[0]?.mean ?? 0));
  const monthOf = (rest: number): number => Math.max(spentUsd, spentBefore + rest + more);
  return {
    month,
    spentUsd,
    expectedUsd: monthOf(forecast.total.mean),
    lowerUsd: monthOf(forecast.total.lower),
    upperUsd: monthOf(forecast.total.upper),
    method: forecast.method,
    days: history.length,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
