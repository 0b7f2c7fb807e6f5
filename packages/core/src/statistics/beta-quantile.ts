import { incompleteBeta } from "./incomplete-beta.ts";
import { logGamma } from "./log-gamma.ts";

const maxSteps = 200;

/**
 * The `x` with I_x(a, b) = `probability`, to about 14 digits; NaN for parameters that are not above zero.
 * Newton's steps, halved back into a bracket that always holds the answer.
 */
export function betaQuantile(probability: number, a: number, b: number): number {
  if (!(a > 0) || !(b > 0) || !(probability >= 0 && probability <= 1)) return Number.NaN;
  if (probability === 0 || probability === 1) return probability;
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  let low = 0;
  let high = 1;
  let x = a / (a + b);
  for (let step = 0; step < maxSteps; step += 1) {
    const excess = incompleteBeta(x, a, b) - probability;
    if (excess === 0) return x;
    if (excess > 0) high = x;
    else low = x;
    const density = Math.exp((a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - logBeta);
    const next = x - excess / density;
    const inside = next > low && next < high;
    const moved = inside ? next : (low + high) / 2;
    if (Math.abs(moved - x) <= 1e-15 * x || high - low <= Number.MIN_VALUE) return moved;
    x = moved;
  }
  return x;
}
