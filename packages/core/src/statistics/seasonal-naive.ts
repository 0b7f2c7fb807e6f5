/** Each step ahead is the same place of the last season; with a period of 1, the last value. */
export function forecastSeasonalNaive(values: readonly number[], period: number, horizon: number): number[] {
  const season = values.slice(-period);
  return Array.from({ length: horizon }, (_value, step) => season[step % season.length] ?? 0);
}
