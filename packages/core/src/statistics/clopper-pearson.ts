import { AppError } from "../errors/app-error.ts";
import { betaQuantile } from "./beta-quantile.ts";

export interface Interval {
  lower: number;
  upper: number;
}

/**
 * Exact interval for a share: covers the true one with at least `confidence` (two-sided, default 0.95).
 * Clopper & Pearson, Biometrika 26 (1934). Counts may be fractions, as they are where old checks fade.
 * Throws AppError `invalid_input` for counts or a confidence that make no sense.
 */
export function clopperPearson(successes: number, trials: number, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  return {
    lower: clopperPearsonLower(successes, trials, 1 - tail),
    upper: clopperPearsonUpper(successes, trials, 1 - tail),
  };
}

/** One-sided: the true share is at most this with at least `confidence`. 1 without trials. */
export function clopperPearsonUpper(successes: number, trials: number, confidence = 0.95): number {
  checkCounts(successes, trials, confidence);
  if (successes >= trials) return 1;
  // The quantile's closed form, exact where the answer is tiny.
  if (successes === 0) return -Math.expm1(Math.log1p(-confidence) / trials);
  return betaQuantile(confidence, successes + 1, trials - successes);
}

/** One-sided: the true share is at least this with at least `confidence`. 0 without trials. */
export function clopperPearsonLower(successes: number, trials: number, confidence = 0.95): number {
  checkCounts(successes, trials, confidence);
  if (successes <= 0) return 0;
  if (successes >= trials) return Math.exp(Math.log1p(-confidence) / trials);
  return betaQuantile(1 - confidence, successes, trials - successes + 1);
}

function checkCounts(successes: number, trials: number, confidence: number): void {
  // Sums of fading weights are equal but for their last digits.
  const within = successes >= 0 && successes <= trials * (1 + 1e-9);
  const sensible = within && Number.isFinite(trials) && confidence > 0 && confidence < 1;
  if (sensible) return;
  throw new AppError("invalid_input", "A share needs 0 ≤ successes ≤ trials and a confidence between 0 and 1.");
}
