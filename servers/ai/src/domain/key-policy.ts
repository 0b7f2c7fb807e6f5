import type { DataPolicy } from "@sophia/core/routing/candidate";
import type { Budget } from "@sophia/core/ledger/budget-buckets";

/** What the holder of one bearer may do with models. Nothing set: everything the server offers, without a budget. */
export interface KeyPolicy {
  /** Reserved before each dispatch, the first to run out decides. Includes those of the whole server. */
  budgets: readonly Budget[];
  /** Model ids, `*` at the end matches the rest; empty: all. */
  allowedModels: readonly string[];
  /** The least an endpoint must promise about what it does with prompts. */
  dataPolicy: DataPolicy;
  /** Where endpoints must run; one that does not say is none. Absent: anywhere. */
  region?: string;
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  maxCostPerCallUsd?: number;
}

/** In memory; what another process changed is seen after some seconds. */
export interface KeyPolicies {
  of(caller: string): KeyPolicy;
}

export const openPolicy: KeyPolicy = { budgets: [], allowedModels: [], dataPolicy: "any" };
