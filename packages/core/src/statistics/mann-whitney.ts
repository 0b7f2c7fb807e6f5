import { upperGamma } from "./chi-square.ts";

export interface RankTest {
  /** Chance that a value of the second sample exceeds one of the first, ties counted half: 0.5 when nothing differs. */
  superiority: number;
  /** Two-sided. */
  pValue: number;
}

/**
 * Mann–Whitney U by the normal approximation with corrections for ties and continuity; for ordered values with few
 * levels, such as a judge's marks. Mann & Whitney, Annals of Mathematical Statistics 18 (1947).
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) return { superiority: 0.5, pValue: 1 };
  const all = [...first.map((value) => ({ value, own: 0 })), ...second.map((value) => ({ value, own: 1 }))];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let ties = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1;
    const size = end - start;
    ties += size ** 3 - size;
    const rank = (start + 1 + end) / 2;
    for (let at = start; at < end; at += 1) rankSum += rank * (all[at]?.own ?? 0);
    start = end;
  }
  const u = rankSum - (n * (n + 1)) / 2;
  const total = m + n;
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  const distance = Math.max(0, Math.abs(u - (m * n) / 2) - 0.5);
  const pValue = variance <= 0 ? 1 : normalTwoSided(distance / Math.sqrt(variance));
  return { superiority: u / (m * n), pValue };
}

/** P(|Z| ≥ z) of the standard normal. */
function normalTwoSided(z: number): number {
  return upperGamma(0.5, (z * z) / 2);
}
