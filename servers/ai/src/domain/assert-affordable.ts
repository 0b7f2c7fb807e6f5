import { AppError } from "@sophia/core/errors/app-error";
import type { KeyPolicy } from "./key-policy.ts";
import type { Target } from "./targets.ts";

/** Throws AppError `budget_exceeded` where a call may cost what its key may not spend, or nobody knows what it costs. */
export function assertAffordable(policy: KeyPolicy, { price, candidate }: Target, costUsd: number): void {
  const hasBudget = policy.budgets.length > 0 || policy.maxCostPerCallUsd !== undefined;
  if (hasBudget && price.origin === "unknown") {
    throw new AppError("budget_exceeded", `What ${candidate.model} costs is not known, and this key has a budget.`, {
      hint: "Name a model with a price (list_models shows them).",
    });
  }
  if (policy.maxCostPerCallUsd !== undefined && costUsd > policy.maxCostPerCallUsd) {
    throw new AppError("budget_exceeded", `This call may cost more than the key may spend on one call.`, {
      hint: "Shorten the prompt, set max_tokens, or name a cheaper model.",
    });
  }
}
