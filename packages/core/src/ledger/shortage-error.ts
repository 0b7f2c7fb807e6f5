import { AppError } from "../errors/app-error.ts";
import type { BudgetShortage } from "./budget-buckets.ts";
import { toUsd } from "./nano-usd.ts";

export function buildShortageError({ budget, spentUsd, retryAfterMs }: BudgetShortage, costNanoUsd: number): AppError {
  const left = `${formatUsd(budget.limitUsd - spentUsd)} of ${formatUsd(budget.limitUsd)}`;
  return new AppError(
    "budget_exceeded",
    `The budget ${budget.key} has ${left} left; this needs ${formatUsd(toUsd(costNanoUsd))}.`,
    { hint: "Use a cheaper way, raise the budget, or wait until earlier spending leaves its window.", retryAfterMs },
  );
}

function formatUsd(costUsd: number): string {
  return `$${Math.max(0, costUsd).toFixed(costUsd > 0 && costUsd < 0.01 ? 6 : 2)}`;
}
