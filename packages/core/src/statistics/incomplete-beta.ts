import { logGamma } from "./log-gamma.ts";

const epsilon = 1e-16;
const tiny = 1e-300;
/** The fraction needs about the square root of the larger parameter: enough for a billion trials. */
const maxSteps = 100_000;

/**
 * The regularised incomplete beta function I_x(a, b): the chance that a Beta(a, b) variable is at most `x`.
 * `a`, `b` > 0. Continued fraction of DiDonato & Morris (ACM TOMS 18, 1992) in Lentz's form.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(a > 0) || !(b > 0) || Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a;
  return Math.min(1, front * continuedFraction(x, a, b));
}

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let step = 1; step <= maxSteps; step += 1) {
    const even = (step * (b - step) * x) / ((a + 2 * step - 1) * (a + 2 * step));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + step) * (a + b + step) * x) / ((a + 2 * step) * (a + 2 * step + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < epsilon * 4) break;
  }
  return value;
}

/** Never zero, which the next step would divide by. */
function away(value: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
