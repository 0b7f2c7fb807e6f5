import type { Interval } from "./clopper-pearson.ts";
import { quantileOf } from "./quantile-of.ts";
import { createRandom } from "./seeded-random.ts";

export interface BootstrapOptions {
  /** Two-sided; default 0.95. */
  confidence?: number;
  /** Default 2,000. */
  resamples?: number;
  /** Default 1: the same question gives the same answer. */
  seed?: number;
}

/**
 * Between which values a statistic would lie if the same process had been watched again: its quantiles over samples
 * drawn with replacement (percentile bootstrap, Efron 1979). Give blocks, such as days, where neighbours resemble each
 * other. `undefined` for fewer than two items, or where the statistic is not a finite number.
 */
export function bootstrapInterval<Item>(
  items: readonly Item[],
  statistic: (sample: readonly Item[]) => number,
  { confidence = 0.95, resamples = 2_000, seed = 1 }: BootstrapOptions = {},
): Interval | undefined {
  if (items.length < 2) return undefined;
  const random = createRandom(seed);
  const values: number[] = [];
  for (let round = 0; round < resamples; round += 1) {
    const value = statistic(items.map((_item, _index, all) => all[Math.floor(random() * all.length)] as Item));
    if (Number.isFinite(value)) values.push(value);
  }
  // A ratio may lack its divisor in some samples; where it does in many, nothing can be said.
  if (values.length < resamples / 2) return undefined;
  return { lower: quantileOf(values, (1 - confidence) / 2), upper: quantileOf(values, (1 + confidence) / 2) };
}
