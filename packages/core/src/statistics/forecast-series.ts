import type { Interval } from "./clopper-pearson.ts";
import { forecastDamped } from "./damped-smoothing.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { forecastSeasonalNaive } from "./seasonal-naive.ts";
import { forecastTheta } from "./theta.ts";

export interface ForecastOptions {
  /** Steps ahead. */
  horizon: number;
  /** Length of a season in steps; 1 without one. */
  period: number;
  /** Two-sided, of the intervals; default 0.95. */
  confidence?: number;
}

export interface ForecastStep extends Interval {
  mean: number;
}

export interface Forecast {
  /** The method that was best on this very series. */
  method: "seasonal_naive" | "damped" | "theta" | "combined";
  steps: ForecastStep[];
  /** Sum of all steps: its interval is narrower than the sum of theirs. */
  total: ForecastStep;
  /** Mean absolute error of the method in the backtest. */
  backtestError: number;
}

type Method = (values: readonly number[], period: number, horizon: number) => number[];

const methods: Record<Exclude<Forecast["method"], "combined">, Method> = {
  seasonal_naive: forecastSeasonalNaive,
  damped: forecastDamped,
  theta: forecastTheta,
};
const leastValues = 4;
const maxOrigins = 10;

/**
 * Forecasts a series by the method that forecast its own past best: each is run from up to ten earlier days and
 * compared with what came. Intervals come from those errors, so that they hold what the method really does here.
 * `undefined` for fewer than four values.
 */
export function forecastSeries(values: readonly number[], options: ForecastOptions): Forecast | undefined {
  const { horizon, confidence = 0.95 } = options;
  if (values.length < leastValues || horizon < 1) return undefined;
  // Two whole seasons are the least in which one can be seen.
  const period = values.length >= 2 * options.period + 1 ? options.period : 1;
  const window = { period, horizon };
  // Repeating needs but one season, and something after it to be tried on.
  const repeated = values.length >= options.period + leastValues ? options.period : 1;
  const naive = run("seasonal_naive", values, { period: repeated, horizon });
  const damped = run("damped", values, window);
  const theta = run("theta", values, window);
  const best = [naive, damped, theta, combine(damped, theta)].reduce((left, right) =>
    meanSize(right.errors) < meanSize(left.errors) ? right : left,
  );
  const { mean, errors } = best;
  const bestPeriod = best === naive ? repeated : period;
  const tried = errors[0]?.length ?? 1;
  // Windows that overlap hold less evidence than their number says.
  const independent = (values.length - firstOrigin(values, bestPeriod, tried)) / tried;
  const z = normalQuantile((1 + confidence) / 2);
  const spread = (value: number, error: number): ForecastStep => ({
    mean: value,
    lower: value - z * error,
    upper: value + z * error,
  });
  const total = mean.reduce((sum, value) => sum + value, 0);
  const stepErrors = errorBySteps(errors, horizon);
  return {
    method: best.method,
    steps: mean.map((value, step) => spread(value, Math.sqrt(1 + 1 / errors.length) * (stepErrors[step] ?? 0))),
    total: spread(total, Math.sqrt(1 + 2 / independent) * errorOfTotal(errors, horizon)),
    backtestError: meanSize(errors),
  };
}

interface Run {
  method: Forecast["method"];
  mean: number[];
  /** One row for each origin, the steps ahead as columns. */
  errors: number[][];
}

interface Window {
  period: number;
  horizon: number;
}

function run(name: keyof typeof methods, values: readonly number[], { period, horizon }: Window): Run {
  const method = methods[name];
  const steps = Math.max(1, Math.min(horizon, Math.floor(values.length / 3)));
  const first = firstOrigin(values, period, steps);
  const last = values.length - steps;
  const count = Math.min(maxOrigins, last - first + 1);
  const errors = Array.from({ length: count }, (_value, index) => {
    const origin = count === 1 ? last : Math.round(first + (index * (last - first)) / (count - 1));
    const guessed = method(values.slice(0, origin), period, steps);
    return guessed.map((value, step) => (values[origin + step] ?? 0) - value);
  });
  return { method: name, mean: method(values, period, horizon), errors };
}

/** The mean of both: in both M competitions hard to beat by its parts. */
function combine(left: Run, right: Run): Run {
  const half = (one: number, other = one): number => (one + other) / 2;
  return {
    method: "combined",
    mean: left.mean.map((value, step) => half(value, right.mean[step])),
    errors: left.errors.map((row, origin) => row.map((error, step) => half(error, right.errors[origin]?.[step]))),
  };
}

/** What lies before it is enough to learn from: two seasons and half of the series. */
function firstOrigin(values: readonly number[], period: number, steps: number): number {
  return Math.min(values.length - steps, Math.max(3, 2 * period, Math.floor(values.length / 2)));
}

function meanSize(errors: readonly (readonly number[])[]): number {
  const all = errors.flat().map(Math.abs);
  return all.reduce((sum, error) => sum + error, 0) / all.length;
}

/** Never smaller for a later step; beyond the steps tried it grows as a random walk's. */
function errorBySteps(errors: readonly (readonly number[])[], horizon: number): number[] {
  const tried = errors[0]?.length ?? 1;
  let largest = 0;
  return Array.from({ length: horizon }, (_value, step) => {
    if (step >= tried) return largest * Math.sqrt((step + 1) / tried);
    largest = Math.max(largest, rootMeanSquare(errors.map((row) => row[step] ?? 0)));
    return largest;
  });
}

/** Beyond the steps tried, errors are taken to add up, as those of a wrong level do. */
function errorOfTotal(errors: readonly (readonly number[])[], horizon: number): number {
  const sums = errors.map((row) => row.reduce((sum, error) => sum + error, 0));
  return rootMeanSquare(sums) * (horizon / (errors[0]?.length ?? 1));
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
