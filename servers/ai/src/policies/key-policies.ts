import type { Budget } from "@sophia/core/ledger/budget-buckets";
import type { Clock } from "@sophia/core/limits/clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import type { KeyPolicies, KeyPolicy } from "../domain/key-policy.ts";
import { budgetsOf, type NamedBudget } from "./policy-budgets.ts";
import { createPolicyRows, type VersionedPolicy } from "./policy-rows.ts";
import type { PolicyTables } from "./policy-tables.ts";
import { everybody, noPolicy, type StoredPolicy } from "./stored-policy.ts";

/** Limits of all callers together from the settings: no tool can raise them. */
export type ServerBudgets = Pick<StoredPolicy, "usdPerDay" | "usdPerMonth">;

export interface LoadedKeyPolicies extends KeyPolicies {
  /** Every budget there is, that of the settings too. */
  budgets(): NamedBudget[];
  /** Reads them now: after a change in this process. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

const refreshMs = 2_000;
const refreshAfterFailureMs = 10_000;

/**
 * All policies in memory. Resolves when they have been read, for a server that does not know its limits must not serve.
 * Later failures to read keep what was known and are logged.
 */
export async function createKeyPolicies<Tables extends CoreTables & PolicyTables>(options: {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  serverBudgets: ServerBudgets;
}): Promise<LoadedKeyPolicies> {
  const { clock, log } = options;
  const rows = createPolicyRows(options);
  const fromSettings = budgetsOf(everybody, options.serverBudgets);
  const stopped = new AbortController();
  let known = build([], fromSettings, undefined);
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const [policies, heirs] = [await rows.list(), await rows.heirs()];
    known = build(policies, fromSettings, known);
    for (const [heir, owner] of heirs) {
      const policy = known.byCaller.get(owner);
      if (policy) known.byCaller.set(heir, policy);
    }
  }

  function refresh(): Promise<void> {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  }

  async function follow(): Promise<void> {
    let pauseMs = refreshMs;
    while (!stopped.signal.aborted) {
      await clock.sleep(pauseMs, stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      try {
        await refresh();
        pauseMs = refreshMs;
      } catch (error) {
        pauseMs = refreshAfterFailureMs;
        log.warn({ err: error }, "key policies not read: the last known ones stay");
      }
    }
  }

  await refresh();
  const following = follow();
  return {
    of: (caller) => known.byCaller.get(caller)?.policy ?? known.others,
    budgets: () => known.budgets,
    async refresh() {
      // A read that was under way may have begun before the change.
      await reading?.catch(() => {});
      await refresh();
    },
    async close() {
      stopped.abort();
      await following;
    },
  };
}

interface Known {
  byCaller: Map<string, { policy: KeyPolicy; version: number }>;
  /** Of callers without a row. */
  others: KeyPolicy;
  budgets: NamedBudget[];
  everybodyVersion: number;
}

function build(rows: readonly VersionedPolicy[], fromSettings: NamedBudget[], before: Known | undefined): Known {
  const shared = rows.find(({ caller }) => caller === everybody);
  const everybodyVersion = shared?.version ?? 0;
  const common = [...fromSettings, ...budgetsOf(everybody, shared?.policy ?? noPolicy)];
  const unchanged = before?.everybodyVersion === everybodyVersion;
  const byCaller: Known["byCaller"] = new Map();
  const budgets = [...common];
  for (const { caller, policy, version } of rows) {
    if (caller === everybody) continue;
    const own = budgetsOf(caller, policy);
    budgets.push(...own);
    const last = before?.byCaller.get(caller);
    // The same object while nothing changed: the ledger keeps blocks of money by it.
    if (unchanged && last?.version === version) byCaller.set(caller, last);
    else byCaller.set(caller, { version, policy: toKeyPolicy(policy, [...own, ...common].map(toBudget)) });
  }
  const others = unchanged && before ? before.others : toKeyPolicy(noPolicy, common.map(toBudget));
  return { byCaller, others, budgets, everybodyVersion };
}

function toBudget({ budget }: NamedBudget): Budget {
  return budget;
}

function toKeyPolicy(policy: StoredPolicy, budgets: Budget[]): KeyPolicy {
  const { allowedModels, dataPolicy, region, requestsPerMinute, tokensPerMinute, maxCostPerCallUsd } = policy;
  return {
    budgets,
    allowedModels,
    dataPolicy,
    ...(region !== undefined && { region }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    ...(tokensPerMinute !== undefined && { tokensPerMinute }),
    ...(maxCostPerCallUsd !== undefined && { maxCostPerCallUsd }),
  };
}
