export interface Deseasonalised {
  values: number[];
  /** Puts the season back on a forecast of the steps that follow. */
  reseasonalise(forecast: readonly number[]): number[];
}

/**
 * Takes a season out by classical decomposition, multiplied where all values are above zero and added else, and only
 * where the autocorrelation at the period is significant at 90 %: the rule of the M3 and M4 benchmarks.
 */
export function deseasonalise(values: readonly number[], period: number): Deseasonalised {
  if (!isSeasonal(values, period)) return { values: [...values], reseasonalise: (forecast) => [...forecast] };
  const multiplied = values.every((value) => value > 0);
  const trend = movingAverage(values, period);
  const sums = Array.from({ length: period }, () => ({ sum: 0, count: 0 }));
  for (const [index, value] of values.entries()) {
    const level = trend[index];
    const place = sums[index % period];
    if (level === undefined || !place) continue;
    place.sum += multiplied ? value / level : value - level;
    place.count += 1;
  }
  const raw = sums.map(({ sum, count }) => sum / count);
  const centre = raw.reduce((sum, value) => sum + value, 0) / period;
  const season = raw.map((value) => (multiplied ? value / centre : value - centre));
  const at = (index: number): number => season[index % period] ?? 0;
  return {
    values: values.map((value, index) => (multiplied ? value / at(index) : value - at(index))),
    reseasonalise: (forecast) =>
      forecast.map((value, step) => (multiplied ? value * at(values.length + step) : value + at(values.length + step))),
  };
}

function isSeasonal(values: readonly number[], period: number): boolean {
  if (period < 2 || values.length < 3 * period) return false;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (variance === 0) return false;
  const correlation = (lag: number): number =>
    values.slice(lag).reduce((sum, value, index) => sum + (value - mean) * ((values[index] ?? 0) - mean), 0) / variance;
  let squares = 0;
  for (let lag = 1; lag < period; lag += 1) squares += correlation(lag) ** 2;
  return Math.abs(correlation(period)) > 1.645 * Math.sqrt((1 + 2 * squares) / values.length);
}

/** Centred; over an even period the two outermost values count half. */
function movingAverage(values: readonly number[], period: number): (number | undefined)[] {
  const half = Math.floor(period / 2);
  const ends = period % 2 === 0 ? 0.5 : 1;
  return values.map((_value, index) => {
    if (index < half || index + half >= values.length) return undefined;
    let sum = 0;
    for (let offset = -half; offset <= half; offset += 1) {
      sum += (Math.abs(offset) === half ? ends : 1) * (values[index + offset] ?? 0);
    }
    return sum / period;
  });
}
