/** Checks of one narrow range of scores; they fade, so they are no whole numbers. */
export interface ScoreBin {
  checks: number;
  wrong: number;
}

/** Chance that a match of some score is wrong: a falling logistic curve. */
export interface ErrorCurve {
  at(score: number): number;
}

export const binCount = 100;
export const binOf = (score: number): number => Math.min(binCount - 1, Math.max(0, Math.floor(score * binCount)));
export const scoreOf = (bin: number): number => (bin + 0.5) / binCount;

/** What is assumed before anything was seen: even odds in the middle, and rather too bad than too good above it. */
const centre = 0.6;
const prior = { level: 0, levelDeviation: 1.5, slope: -1.2, slopeDeviation: 0.6 };
/** A tenth of the score is one unit of the slope. */
const unit = 0.1;
/** A match may be wrong however near it is. */
const floor = 0.002;

/** The most likely curve given the checks. */
export function fitErrorCurve(bins: readonly ScoreBin[]): ErrorCurve {
  let level = prior.level;
  let slope = prior.slope;
  const used = bins
    .map((bin, index) => ({ ...bin, x: (scoreOf(index) - centre) / unit }))
    .filter((bin) => bin.checks > 0);
  for (let step = 0; step < 25; step += 1) {
    let gradientLevel = (prior.level - level) / prior.levelDeviation ** 2;
    let gradientSlope = (prior.slope - slope) / prior.slopeDeviation ** 2;
    let hessian = { ll: 1 / prior.levelDeviation ** 2, ls: 0, ss: 1 / prior.slopeDeviation ** 2 };
    for (const { checks, wrong, x } of used) {
      const chance = sigmoid(level + slope * x);
      const weight = checks * chance * (1 - chance);
      gradientLevel += wrong - checks * chance;
      gradientSlope += (wrong - checks * chance) * x;
      hessian = { ll: hessian.ll + weight, ls: hessian.ls + weight * x, ss: hessian.ss + weight * x * x };
    }
    const determinant = hessian.ll * hessian.ss - hessian.ls ** 2;
    const moveLevel = (hessian.ss * gradientLevel - hessian.ls * gradientSlope) / determinant;
    const moveSlope = (hessian.ll * gradientSlope - hessian.ls * gradientLevel) / determinant;
    // Long steps overshoot where the curve is flat.
    const shorten = Math.min(1, 1 / Math.max(Math.abs(moveLevel), Math.abs(moveSlope), 1e-9));
    level += moveLevel * shorten;
    slope = Math.min(-0.05, slope + moveSlope * shorten);
    if (Math.abs(moveLevel) + Math.abs(moveSlope) < 1e-5) break;
  }
  const [fittedLevel, fittedSlope] = [level, slope];
  return { at: (score) => Math.max(floor, sigmoid(fittedLevel + (fittedSlope * (score - centre)) / unit)) };
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
