/**
 * How often forecast intervals hold what comes, on made series of days with a week: level with noise, trend, random
 * walk, growing by a share. For each length of history and horizon: the share of days, and of sums, that their 90 %
 * interval held, with its own 95 % interval over series (days of one series go together: series are drawn anew), and
 * the mean absolute error over that of repeating last week.
 *
 * `pnpm bench statistics [--json] [--seed N] [--series N]`
 */
import { parseArgs } from "node:util";
import { bootstrapInterval } from "../src/statistics/bootstrap-interval.ts";
import { forecastSeries } from "../src/statistics/forecast-series.ts";
import { forecastSeasonalNaive } from "../src/statistics/seasonal-naive.ts";
import { createRandom } from "../src/statistics/seeded-random.ts";
import { normalQuantile } from "../src/statistics/normal-quantile.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    series: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const seriesOfKind = Number(values.series);
const seed = Number(values.seed);

const week = 7;
const confidence = 0.9;
const histories = [11, 14, 20, 30, 66, 90, 182];
const horizons = [7, 14, 30];
const kinds = ["level", "trend", "walk", "growth"] as const;

interface Outcome {
  heldDays: number;
  heldSum: number;
  error: number;
  naiveError: number;
}

/** Days of spending: a weekly shape, noise of 10 % of the level, and what the kind says. */
function makeSeries(kind: (typeof kinds)[number], length: number, random: () => number): number[] {
  const draw = (): number => normalQuantile(Math.min(1 - 1e-12, Math.max(1e-12, random())));
  const weekend = 0.3 + 0.6 * random();
  let level = 100;
  return Array.from({ length }, (_value, day) => {
    if (kind === "walk") level = Math.max(20, level + 3 * draw());
    if (kind === "growth") level *= 1.01;
    if (kind === "trend") level += 1;
    return Math.max(0, level * (day % week < 5 ? 1 : weekend) * (1 + 0.1 * draw()));
  });
}

function tryOne(series: readonly number[], history: number, horizon: number): Outcome {
  const past = series.slice(0, history);
  const future = series.slice(history, history + horizon);
  const forecast = forecastSeries(past, { horizon, period: week, confidence });
  if (!forecast) throw new Error(`No forecast from ${history} days.`);
  const naive = forecastSeasonalNaive(past, week, horizon);
  const sum = future.reduce((total, value) => total + value, 0);
  const meanOf = (errors: readonly number[]): number => errors.reduce((total, error) => total + error, 0) / horizon;
  const holds = ({ lower, upper }: { lower: number; upper: number }, value: number): number =>
    value >= lower && value <= upper ? 1 : 0;
  return {
    heldDays: meanOf(forecast.steps.map((step, index) => holds(step, future[index] ?? 0))),
    heldSum: holds(forecast.total, sum),
    error: meanOf(forecast.steps.map(({ mean }, index) => Math.abs(mean - (future[index] ?? 0)))),
    naiveError: meanOf(naive.map((value, index) => Math.abs(value - (future[index] ?? 0)))),
  };
}

function mean(outcomes: readonly number[]): number {
  return outcomes.reduce((total, value) => total + value, 0) / outcomes.length;
}

const rows = histories.flatMap((history) =>
  horizons.map((horizon) => {
    const random = createRandom(seed);
    const outcomes = kinds.flatMap((kind) =>
      Array.from({ length: seriesOfKind }, () => tryOne(makeSeries(kind, history + horizon, random), history, horizon)),
    );
    const share = (of: "heldDays" | "heldSum") => {
      const all = outcomes.map((outcome) => outcome[of]);
      const { lower, upper } = bootstrapInterval(all, mean);
      return { share: mean(all), lower, upper };
    };
    const errorRatio = mean(outcomes.map(({ error }) => error)) / mean(outcomes.map(({ naiveError }) => naiveError));
    return { history, horizon, days: share("heldDays"), sums: share("heldSum"), errorRatio };
  }),
);

if (values.json) {
  console.log(JSON.stringify({ bench: "statistics", seed, seriesOfKind, kinds, confidence, rows }));
} else {
  const percent = ({ share, lower, upper }: { share: number; lower: number; upper: number }): string =>
    `${(100 * share).toFixed(1)} % (${(100 * lower).toFixed(1)} to ${(100 * upper).toFixed(1)})`;
  console.log(`Forecast intervals of 90 %, ${kinds.length} kinds of ${seriesOfKind} series, seed ${seed}\n`);
  console.table(
    rows.map(({ history, horizon, days, sums, errorRatio }) => ({
      "days of history": history,
      "days ahead": horizon,
      "days held": percent(days),
      "sums held": percent(sums),
      "error ÷ last week's": Number(errorRatio.toFixed(2)),
    })),
  );
}
