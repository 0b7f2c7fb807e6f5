import type { Budget } from "@sophia/core/ledger/budget-buckets";
import { everybody, type StoredPolicy } from "./stored-policy.ts";

/**
 * Sliding windows, not calendar days and months: no midnight at which the money of two days can be spent at once, no
 * time zone to agree on, and the ledger enforces them across processes. A month is 30 days.
 */
export const budgetWindows = { day: 86_400_000, month: 30 * 86_400_000 } as const;
export type BudgetWindow = keyof typeof budgetWindows;

export interface NamedBudget {
  caller: string;
  window: BudgetWindow;
  budget: Budget;
}

/** The same caller and window always have the same key: a new limit counts what was spent under the old one. */
export function budgetsOf(caller: string, policy: Pick<StoredPolicy, "usdPerDay" | "usdPerMonth">): NamedBudget[] {
  const limits: [BudgetWindow, number | undefined][] = [
    ["day", policy.usdPerDay],
    ["month", policy.usdPerMonth],
  ];
  return limits.flatMap(([window, limitUsd]) => {
    if (limitUsd === undefined) return [];
    const key = `${caller === everybody ? "of all AI calls" : `of AI calls by ${caller}`} per ${window}`;
    return [{ caller, window, budget: { key, limitUsd, windowMs: budgetWindows[window] } }];
  });
}
