import type { CountPair } from "./distribution-distance.ts";
import type { TwoSampleTest } from "./kolmogorov-smirnov.ts";
import { logGamma } from "./log-gamma.ts";

/**
 * Pearson's chi-square test that two count vectors come from the same mix of categories. Categories that neither has are
 * left out. Pearson, Philosophical Magazine 50 (1900). Trust it from about 5 expected counts in each cell.
 */
export function chiSquareHomogeneity({ first, second }: CountPair): TwoSampleTest {
  const total = first.map((count, index) => count + (second[index] ?? 0));
  const [m, n] = [sum(first), sum(second)];
  const used = total.filter((count) => count > 0).length;
  if (m === 0 || n === 0 || used < 2) return { statistic: 0, pValue: 1 };
  const statistic = total.reduce((soFar, both, index) => {
    if (both === 0) return soFar;
    const [expectedFirst, expectedSecond] = [(both * m) / (m + n), (both * n) / (m + n)];
    return (
      soFar +
      ((first[index] ?? 0) - expectedFirst) ** 2 / expectedFirst +
      ((second[index] ?? 0) - expectedSecond) ** 2 / expectedSecond
    );
  }, 0);
  return { statistic, pValue: upperGamma((used - 1) / 2, statistic / 2) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Q(a, x): series below a + 1, continued fraction above. Abramowitz & Stegun 6.5.29 and 6.5.31. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - scale * gammaSeries(a, x) : scale * gammaFraction(a, x);
}

const maxSteps = 10_000;
const precision = 1e-15;

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let total = term;
  for (let step = 1; step < maxSteps && Math.abs(term) > Math.abs(total) * precision; step += 1) {
    term *= x / (a + step);
    total += term;
  }
  return total;
}

/** Lentz's method, as in Thompson & Barnett, Journal of Computational Physics 64 (1986). */
function gammaFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let result = d;
  for (let step = 1; step < maxSteps; step += 1) {
    const factor = -step * (step - a);
    b += 2;
    d = 1 / nonZero(factor * d + b, tiny);
    c = nonZero(b + factor / c, tiny);
    result *= d * c;
    if (Math.abs(d * c - 1) < precision) break;
  }
  return result;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
