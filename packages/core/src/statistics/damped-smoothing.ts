import { minimise } from "./minimise.ts";

interface State {
  level: number;
  trend: number;
  /** One offset for each place in the season; a single 0 without one. */
  season: number[];
  squaredError: number;
}

/**
 * Exponential smoothing with a damped trend and additive seasons, ETS(A,Ad,A); without seasons where `period` is 1 or
 * there are not two of them. Gardner & McKenzie (1985); Hyndman et al., Forecasting with Exponential Smoothing (2008).
 */
export function forecastDamped(values: readonly number[], period: number, horizon: number): number[] {
  const places = values.length >= 2 * period ? period : 1;
  const cost = (point: readonly number[]) => smooth(values, places, point).squaredError;
  const seasonal = places > 1 ? { lower: [0.001], upper: [0.5] } : { lower: [], upper: [] };
  const point = minimise(cost, {
    lower: [0.01, 0.001, 0.8, ...seasonal.lower],
    upper: [0.99, 0.5, 0.98, ...seasonal.upper],
  });
  const damping = point[2] ?? 1;
  const { level, trend, season } = smooth(values, places, point);
  let sum = 0;
  let factor = 1;
  return Array.from({ length: horizon }, (_value, step) => {
    factor *= damping;
    sum += factor;
    return level + sum * trend + (season[(values.length + step) % places] ?? 0);
  });
}

function smooth(values: readonly number[], places: number, point: readonly number[]): State {
  const [alpha = 0, beta = 0, damping = 1, gamma = 0] = point;
  const first = mean(values.slice(0, places));
  const second = places > 1 ? mean(values.slice(places, 2 * places)) : (values[1] ?? first);
  const season = Array.from({ length: places }, (_value, place) =>
    places === 1 ? 0 : ((values[place] ?? 0) - first + (values[place + places] ?? 0) - second) / 2,
  );
  let level = first;
  let trend = places > 1 ? (second - first) / places : 0;
  let squaredError = 0;
  for (const [index, value] of values.entries()) {
    const place = index % places;
    const offset = season[place] ?? 0;
    const expected = level + damping * trend;
    const error = value - expected - offset;
    squaredError += error * error;
    level = expected + alpha * error;
    trend = damping * trend + alpha * beta * error;
    if (places > 1) season[place] = offset + gamma * error;
  }
  return { level, trend, season, squaredError };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
