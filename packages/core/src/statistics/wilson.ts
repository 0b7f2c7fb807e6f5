import { AppError } from "../errors/app-error.ts";
import type { Interval } from "./clopper-pearson.ts";
import { normalQuantile } from "./normal-quantile.ts";

/**
 * Interval for a share whose average coverage is close to `confidence` (two-sided, default 0.95): narrower than the
 * exact one, which covers at least as much. Wilson, JASA 22 (1927). Throws AppError `invalid_input` for senseless counts.
 */
export function wilsonInterval(successes: number, trials: number, confidence = 0.95): Interval {
  if (!(successes >= 0 && successes <= trials * (1 + 1e-9)) || !(confidence > 0 && confidence < 1)) {
    throw new AppError("invalid_input", "A share needs 0 ≤ successes ≤ trials and a confidence between 0 and 1.");
  }
  if (trials === 0) return { lower: 0, upper: 1 };
  const share = Math.min(1, successes / trials);
  const z = normalQuantile((1 + confidence) / 2);
  const weight = (z * z) / trials;
  const centre = share + weight / 2;
  const half = z * Math.sqrt((share * (1 - share)) / trials + weight / (4 * trials));
  // At the ends the formula is exact, but its last digit need not be.
  return {
    lower: share === 0 ? 0 : (centre - half) / (1 + weight),
    upper: share === 1 ? 1 : (centre + half) / (1 + weight),
  };
}
