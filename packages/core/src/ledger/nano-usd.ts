import { AppError } from "../errors/app-error.ts";

const nanoPerUsd = 1_000_000_000;
/** From 2^23 USD on, a number no longer tells one nano-USD from the next. */
const maxUsd = 8_000_000;

/**
 * USD → whole nano-USD (1e-9 USD). One token of a cheap model costs some 20 nano-USD, so sums of many small costs stay
 * exact. Throws AppError `invalid_input` for a negative, infinite or absurd amount (above 8 million USD).
 */
export function toNanoUsd(costUsd: number): number {
  if (!(costUsd >= 0 && costUsd <= maxUsd)) {
    throw new AppError("invalid_input", "A cost must be a number of USD between 0 and 8 million.");
  }
  // Apart, because the product of both at once rounds before it is rounded.
  const dollars = Math.trunc(costUsd);
  return dollars * nanoPerUsd + Math.round((costUsd - dollars) * nanoPerUsd);
}

/** Whole nano-USD, possibly beyond 2^53 as a sum, → the nearest number of USD. */
export function toUsd(nano: number | bigint | string): number {
  const digits = BigInt(nano).toString().padStart(10, "0");
  // Adding dollars and fraction as numbers would round twice, and miss a cent's nearest number at times.
  return Number(`${digits.slice(0, -9)}.${digits.slice(-9)}`);
}
