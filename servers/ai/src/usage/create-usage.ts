import type { CategoryStats } from "@sophia/core/cache/semantic-cache";
import type { Clock } from "@sophia/core/limits/clock";
import { createAlertEvents } from "@sophia/core/store/alert-events";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import type { Models } from "../domain/models.ts";
import { type BudgetWatch, createBudgetWatch } from "../policies/budget-watch.ts";
import { type Callers, createCallers } from "../policies/callers.ts";
import type { LoadedKeyPolicies } from "../policies/key-policies.ts";
import { createPolicyRows, type PolicyRows } from "../policies/policy-rows.ts";
import type { PolicyTables } from "../policies/policy-tables.ts";
import type { Judgment, Offer } from "./advice.ts";
import { createUsageReports, type UsageReports } from "./usage-reports.ts";
import type { UsageTables } from "./usage-tables.ts";

/** Everything tools need to tell and limit what is spent. */
export interface Usage {
  reports: UsageReports;
  budgets: BudgetWatch;
  callers: Callers;
  policyRows: PolicyRows;
  close(): Promise<void>;
}

export interface UsageOptions<Tables extends CoreTables & UsageTables & PolicyTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  policies: LoadedKeyPolicies;
  models: Pick<Models, "list">;
  /** The model with which `baselineUsd` of the records is computed, in words. */
  baselineModel?: string;
  /** As given to the call log. */
  keepDays?: number;
  /** Share of good answers a cheaper model must reach before it is advised. Default 0.9. */
  qualityFloor?: number;
  /** Judged answers by kind and model, where somebody keeps them. */
  judgments?(): Promise<readonly Judgment[]>;
  cacheStats?(): Promise<readonly CategoryStats[]>;
}

const pipelineBaseline = "the model each request named (for auto the default one)";

export function createUsage<Tables extends CoreTables & UsageTables & PolicyTables>(
  options: UsageOptions<Tables>,
): Usage {
  const { store, clock, log, policies, models, qualityFloor = 0.9 } = options;
  const budgets = createBudgetWatch({
    store,
    budgets: () => policies.budgets(),
    alerts: createAlertEvents({ store }),
    clock,
    log,
  });
  const reports = createUsageReports({
    ...options,
    baselineModel: options.baselineModel ?? pipelineBaseline,
    async adviceSources() {
      // Advice without prices of others is still worth having.
      const offered = await models.list().catch(() => []);
      const offers: Offer[] = offered.map(({ id, endpoint, price }) => ({
        model: id,
        service: endpoint.service,
        price,
      }));
      const judgments = (await options.judgments?.()) ?? [];
      const cacheStats = (await options.cacheStats?.()) ?? [];
      return { offers, judgments, qualityFloor, cacheStats };
    },
  });
  return {
    reports,
    budgets,
    callers: createCallers({ store, clock }),
    policyRows: createPolicyRows({ store, clock }),
    close: () => budgets.close(),
  };
}
