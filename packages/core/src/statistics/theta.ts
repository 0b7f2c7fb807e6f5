import { deseasonalise } from "./deseasonalise.ts";
import { minimise } from "./minimise.ts";

/**
 * The Theta method, winner of the M3 competition: half the straight trend, half simple exponential smoothing, season
 * taken out before. Assimakopoulos & Nikolopoulos (2000), in Hyndman & Billah's form (2003).
 */
export function forecastTheta(values: readonly number[], period: number, horizon: number): number[] {
  const { values: plain, reseasonalise } = deseasonalise(values, period);
  const slope = slopeOf(plain);
  const [alpha = 1] = minimise(([rate = 1]) => smooth(plain, rate).squaredError, { lower: [0.01], upper: [0.999] });
  const { level } = smooth(plain, alpha);
  const lag = (1 - (1 - alpha) ** plain.length) / alpha;
  return reseasonalise(Array.from({ length: horizon }, (_value, step) => level + (slope / 2) * (step + lag)));
}

function smooth(values: readonly number[], alpha: number): { level: number; squaredError: number } {
  let level = values[0] ?? 0;
  let squaredError = 0;
  for (const value of values.slice(1)) {
    const error = value - level;
    squaredError += error * error;
    level += alpha * error;
  }
  return { level, squaredError };
}

function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  let above = 0;
  let below = 0;
  for (const [index, value] of values.entries()) {
    above += (index - middle) * value;
    below += (index - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
