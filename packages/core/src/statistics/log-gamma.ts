const halfLogTwoPi = 0.918_938_533_204_672_8;
/** Stirling's series: from here on its next term is below 1e-15. */
const seriesFrom = 15;

/** Natural logarithm of the gamma function for `x` > 0; NaN otherwise. Stirling's series, Abramowitz & Stegun 6.1.41. */
export function logGamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let shifted = x;
  let product = 1;
  for (; shifted < seriesFrom; shifted += 1) product *= shifted;
  const inverse = 1 / shifted;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (shifted - 0.5) * Math.log(shifted) - shifted + halfLogTwoPi + series - Math.log(product);
}
