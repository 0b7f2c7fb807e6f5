import { logGamma } from "./log-gamma.ts";
import { wilsonInterval } from "./wilson.ts";

/** How often something happened, out of how many. */
export interface Share {
  count: number;
  total: number;
}

/**
 * Fisher's exact test, two-sided: the chance of a table at least as unlikely as this one when both shares are equal and
 * the margins stay. 1 when a side is empty. Fisher, Journal of the Royal Statistical Society 85 (1922).
 */
export function fisherExact(first: Share, second: Share): number {
  const hits = first.count + second.count;
  const all = first.total + second.total;
  if (first.total === 0 || second.total === 0 || hits === 0 || hits === all) return 1;
  const logTotal = logChoose(all, hits);
  const logChance = (count: number): number =>
    logChoose(first.total, count) + logChoose(second.total, hits - count) - logTotal;
  // Equally unlikely tables differ in their last digits only.
  const limit = logChance(first.count) + 1e-7;
  const lowest = Math.max(0, hits - second.total);
  const highest = Math.min(first.total, hits);
  let sum = 0;
  for (let count = lowest; count <= highest; count += 1) {
    const chance = logChance(count);
    if (chance <= limit) sum += Math.exp(chance);
  }
  return Math.min(1, sum);
}

/**
 * Interval of second share − first share from their Wilson intervals, 95 %: method 10 of Newcombe, Statistics in
 * Medicine 17 (1998) 873–890. It stays sensible where shares are near 0 or 1, as error rates are.
 */
export function shareDifference(first: Share, second: Share): { difference: number; lower: number; upper: number } {
  if (first.total === 0 || second.total === 0) return { difference: 0, lower: -1, upper: 1 };
  const [p1, p2] = [first.count / first.total, second.count / second.total];
  const [w1, w2] = [wilsonInterval(first.count, first.total), wilsonInterval(second.count, second.total)];
  const difference = p2 - p1;
  return {
    difference,
    lower: difference - Math.hypot(p2 - w2.lower, w1.upper - p1),
    upper: difference + Math.hypot(w2.upper - p2, p1 - w1.lower),
  };
}

function logChoose(total: number, count: number): number {
  return logGamma(total + 1) - logGamma(count + 1) - logGamma(total - count + 1);
}
