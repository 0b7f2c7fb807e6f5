import type { ChangePlan } from "@sophia/core/approval/change-plan";
import { AppError } from "@sophia/core/errors/app-error";
import type { Callers } from "./callers.ts";
import type { LoadedKeyPolicies } from "./key-policies.ts";
import type { PolicyRows, VersionedPolicy } from "./policy-rows.ts";
import { changePolicy, describePolicy, everybody, isLooser, type PolicyChange } from "./stored-policy.ts";

/** What tools that change a policy use. */
export interface PolicyServices {
  usage: { callers: Pick<Callers, "find">; policyRows: Pick<PolicyRows, "get" | "put"> };
  policies: Pick<LoadedKeyPolicies, "refresh">;
}

export interface PolicyRequest {
  /** Name or id; left out: all callers together. */
  caller: string | undefined;
  change: PolicyChange;
}

interface Found {
  name: string;
  before: VersionedPolicy;
  after: VersionedPolicy;
}

/** Stricter is low risk: its caller may apply it. Whatever makes more possible, or spends more, needs an approval. */
export async function planPolicyChange(services: PolicyServices, request: PolicyRequest): Promise<ChangePlan> {
  const { name, before, after } = await find(services, request);
  const looser = isLooser(before.policy, after.policy);
  return {
    summary: `${looser ? "Loosen" : "Tighten"} the limits of ${name}.`,
    changes: [
      {
        action: before.version === 0 ? "create" : "update",
        resource: `policy of ${name}`,
        before: describePolicy(before.policy) || "no limits",
        after: describePolicy(after.policy) || "no limits",
      },
    ],
    blastRadius: looser
      ? "Calls that were refused may go through and cost money, in all processes within two seconds."
      : "Calls beyond the new limits are refused, in all processes within two seconds. What was spent before counts.",
    risk: looser ? "medium" : "low",
    costPerHourUsd: 0,
    stateVersion: String(before.version),
  };
}

/** Throws AppError `denied` when the policy was changed since it was planned. */
export async function applyPolicyChange(
  services: PolicyServices,
  request: PolicyRequest,
): Promise<{ caller: string; name: string; limits: string }> {
  const { name, after } = await find(services, request);
  await services.usage.policyRows.put(after);
  await services.policies.refresh();
  return { caller: after.caller, name, limits: describePolicy(after.policy) || "no limits" };
}

async function find({ usage }: PolicyServices, { caller, change }: PolicyRequest): Promise<Found> {
  const known =
    caller === undefined ? { id: everybody, name: "all callers together" } : await usage.callers.find(caller);
  const before = await usage.policyRows.get(known.id);
  const after = { ...before, policy: changePolicy(before.policy, change) };
  if (JSON.stringify(after.policy) === JSON.stringify(changePolicy(before.policy, {}))) {
    throw new AppError("invalid_input", "Nothing would change.", {
      hint: "list_key_policies shows the limits there are.",
    });
  }
  return { name: known.name, before, after };
}
