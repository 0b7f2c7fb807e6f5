import { z } from "zod";
import { dataPolicies } from "@sophia/core/routing/data-policy";
import type { KeyPoliciesTable } from "./policy-tables.ts";

/** The row that limits all callers together. */
export const everybody = "*";

/** Limits of one caller as a person sets them. Left out: no such limit; no models: all. */
export interface StoredPolicy {
  usdPerDay?: number;
  usdPerMonth?: number;
  allowedModels: readonly string[];
  dataPolicy: (typeof dataPolicies)[number];
  /** Where endpoints must run. */
  region?: string;
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  maxCostPerCallUsd?: number;
}

/** What may be changed at once. Left out: as before; null: no such limit any more. */
export type PolicyChange = {
  [Field in keyof StoredPolicy]?: Required<StoredPolicy>[Field] | null | undefined;
};

export const noPolicy: StoredPolicy = { allowedModels: [], dataPolicy: "any" };

const Models = z.array(z.string());
const DataPolicy = z.enum(dataPolicies);

/** A data policy nobody knows here is the strictest: what a person forbade must not come back. */
export function fromRow(row: KeyPoliciesTable): StoredPolicy {
  const dataPolicy = DataPolicy.safeParse(row.data_policy);
  return withoutNulls({
    usdPerDay: row.usd_per_day,
    usdPerMonth: row.usd_per_month,
    allowedModels: Models.parse(JSON.parse(row.allowed_models)),
    dataPolicy: dataPolicy.data ?? "local",
    region: row.region,
    requestsPerMinute: row.requests_per_minute,
    tokensPerMinute: row.tokens_per_minute,
    maxCostPerCallUsd: row.max_cost_per_call_usd,
  });
}

export function toRow(policy: StoredPolicy): Omit<KeyPoliciesTable, "caller" | "version" | "updated_at"> {
  return {
    usd_per_day: policy.usdPerDay ?? null,
    usd_per_month: policy.usdPerMonth ?? null,
    allowed_models: JSON.stringify(policy.allowedModels),
    data_policy: policy.dataPolicy,
    region: policy.region ?? null,
    requests_per_minute: policy.requestsPerMinute ?? null,
    tokens_per_minute: policy.tokensPerMinute ?? null,
    max_cost_per_call_usd: policy.maxCostPerCallUsd ?? null,
  };
}

export function changePolicy(before: StoredPolicy, change: PolicyChange): StoredPolicy {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const { allowedModels, dataPolicy, ...rest } = { ...before, ...given };
  return { ...withoutNulls(rest), allowedModels: allowedModels ?? [], dataPolicy: dataPolicy ?? "any" };
}

/** Whether anything becomes possible that was not before. */
export function isLooser(before: StoredPolicy, after: StoredPolicy): boolean {
  const limits = ["usdPerDay", "usdPerMonth", "requestsPerMinute", "tokensPerMinute", "maxCostPerCallUsd"] as const;
  const raised = limits.some((limit) => (after[limit] ?? Infinity) > (before[limit] ?? Infinity));
  const moreModels =
    before.allowedModels.length > 0 &&
    (after.allowedModels.length === 0 || after.allowedModels.some((model) => !before.allowedModels.includes(model)));
  const elsewhere = before.region !== undefined && after.region !== before.region;
  return (
    raised ||
    moreModels ||
    elsewhere ||
    dataPolicies.indexOf(after.dataPolicy) < dataPolicies.indexOf(before.dataPolicy)
  );
}

/** One line for people: `5 USD a day, 2 models, no_training, 60 requests/min`; empty without limits. */
export function describePolicy(policy: StoredPolicy): string {
  const parts = [
    policy.usdPerDay !== undefined && `${policy.usdPerDay} USD a day`,
    policy.usdPerMonth !== undefined && `${policy.usdPerMonth} USD a month`,
    policy.maxCostPerCallUsd !== undefined && `${policy.maxCostPerCallUsd} USD a call`,
    policy.allowedModels.length > 0 && `models ${policy.allowedModels.join(" ")}`,
    policy.dataPolicy !== "any" && policy.dataPolicy,
    policy.region !== undefined && `in ${policy.region}`,
    policy.requestsPerMinute !== undefined && `${policy.requestsPerMinute} requests/min`,
    policy.tokensPerMinute !== undefined && `${policy.tokensPerMinute} tokens/min`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

type WithoutNulls<Fields> = { [Name in keyof Fields]: Exclude<Fields[Name], null | undefined> };

function withoutNulls<Fields extends object>(fields: Fields): Partial<WithoutNulls<Fields>> & StoredPolicy;
function withoutNulls(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
