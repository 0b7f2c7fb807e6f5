// What a router's scores are worth, after RouteLLM (arXiv 2406.18665): sort by expected gain, sweep the strong share.
export interface SweepScores {
  apgr: number;
  /** Strong share, in percent, at which half and 80 % of the gap between the models is recovered. */
  cpt50: number;
  cpt80: number;
  /** Part of the all-strong bill saved, by price ratio and by the part of the strong model's score that is kept. */
  saving: Record<"10" | "100", Record<"0.99" | "0.98" | "0.95", number>>;
}

/** `gains`: expected score of the strong model less the weak one's; `weak` and `strong`: the true scores. */
export function scoreSweep(gains: readonly number[], weak: readonly number[], strong: readonly number[]): SweepScores {
  const count = gains.length;
  const order = gains.map((_, index) => index).toSorted((a, b) => gains[b]! - gains[a]! || a - b);
  const weakSum = sum(weak);
  const strongSum = sum(strong);
  const scores = [weakSum];
  for (const index of order) scores.push(scores.at(-1)! + strong[index]! - weak[index]!);
  const recovered = scores.map((score) => (score - weakSum) / (strongSum - weakSum));
  const shareAt = (part: number) => recovered.findIndex((value) => value >= part) / count;
  const savingAt = (quality: number, ratio: number) => {
    const share = scores.findIndex((score) => score >= quality * strongSum) / count;
    return (1 - share) * (1 - 1 / ratio);
  };
  const savings = (ratio: number) => ({
    "0.99": round(savingAt(0.99, ratio)),
    "0.98": round(savingAt(0.98, ratio)),
    "0.95": round(savingAt(0.95, ratio)),
  });
  let area = 0;
  for (let index = 1; index <= count; index += 1) area += (recovered[index]! + recovered[index - 1]!) / 2 / count;
  return {
    apgr: round(area),
    cpt50: round(shareAt(0.5) * 100),
    cpt80: round(shareAt(0.8) * 100),
    saving: { "10": savings(10), "100": savings(100) },
  };
}

const resamples = 100;

/**
 * How much more APGR one method reaches than another on the same rows, and the standard error of that: both are swept
 * on the same rows drawn again with replacement, 100 times (bootstrap).
 */
export function compareSweeps(
  gains: readonly number[],
  others: readonly number[],
  truth: { weak: readonly number[]; strong: readonly number[]; random(): number },
): { apgr: number; standardError: number } {
  const differences = Array.from({ length: resamples }, () => {
    const drawn = gains.map(() => Math.floor(truth.random() * gains.length));
    const pick = (values: readonly number[]) => drawn.map((index) => values[index]!);
    const [weak, strong] = [pick(truth.weak), pick(truth.strong)];
    return scoreSweep(pick(gains), weak, strong).apgr - scoreSweep(pick(others), weak, strong).apgr;
  });
  const mean = sum(differences) / resamples;
  const variance = sum(differences.map((value) => (value - mean) ** 2)) / (resamples - 1);
  return { apgr: round(mean), standardError: round(Math.sqrt(variance)) };
}

/** Mean of the same figures over several runs. */
export function averageScores(runs: readonly SweepScores[]): SweepScores {
  const mean = (read: (run: SweepScores) => number) => round(sum(runs.map(read)) / runs.length);
  const saving = (ratio: "10" | "100") => ({
    "0.99": mean((run) => run.saving[ratio]["0.99"]),
    "0.98": mean((run) => run.saving[ratio]["0.98"]),
    "0.95": mean((run) => run.saving[ratio]["0.95"]),
  });
  return {
    apgr: mean((run) => run.apgr),
    cpt50: mean((run) => run.cpt50),
    cpt80: mean((run) => run.cpt80),
    saving: { "10": saving("10"), "100": saving("100") },
  };
}

/** Expected calibration error: ten groups of equal size by estimate, mean distance of estimate and truth. */
export function calibrationError(estimates: readonly number[], truths: readonly number[]): number {
  const order = estimates.map((_, index) => index).toSorted((a, b) => estimates[a]! - estimates[b]!);
  const groups = 10;
  let error = 0;
  for (let group = 0; group < groups; group += 1) {
    const part = order.slice((group * order.length) / groups, ((group + 1) * order.length) / groups);
    error += Math.abs(sum(part.map((index) => estimates[index]! - truths[index]!))) / order.length;
  }
  return round(error);
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function round(value: number): number {
  return Number(value.toFixed(4));
}
