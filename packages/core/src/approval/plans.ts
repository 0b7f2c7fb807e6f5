import { formatCommand } from "../config/command-line.ts";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Caller } from "./caller.ts";
import type { ChangePlan } from "./change-plan.ts";
import type { CoreTables, PlanState } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { hashCanonical } from "./canonical-hash.ts";
import { createPlanRows, type PlanFilter, type PlanRow } from "./plan-rows.ts";
import { sealApproval, sealPlan } from "./plan-seal.ts";

export type { PlanFilter, PlanRow } from "./plan-rows.ts";

/** What would happen if the plan were made again now. */
export interface CurrentChange {
  arguments: unknown;
  plan: ChangePlan;
}

/** Changes that were planned, decided and applied. Each plan is bound to caller, tool, arguments, plan and state. */
export interface Plans {
  propose(proposal: {
    server: string;
    tool: string;
    caller: Caller;
    arguments: unknown;
    plan: ChangePlan;
  }): Promise<PlanRow>;
  get(id: string): Promise<PlanRow | undefined>;
  /** Newest first. */
  list(filter?: PlanFilter): Promise<PlanRow[]>;
  /** Needs the scope `approve` and another bearer than the proposer's. */
  approve(id: string, approver: Caller): Promise<PlanRow>;
  /** An approver refuses; the proposer may withdraw. */
  refuse(id: string, approver: Caller, reason?: string): Promise<PlanRow>;
  /**
   * Takes the plan for applying it, once, whoever races. Throws AppError `not_found`, `approval_required`, or `denied`:
   * another's plan, altered, expired, used, refused, or no longer what would happen now.
   */
  begin(id: string, caller: Caller, current: CurrentChange): Promise<PlanRow>;
  finish(id: string, outcome: "applied" | "failed" | "unknown", detail?: string): Promise<void>;
}

export const planLifetimeMs = 600_000;
const maximumOpenPlans = 100;
const maximumTextLength = 262_144;
const maximumReasonLength = 500;

export function createPlans(options: { store: Store<CoreTables>; clock: Clock; key: Buffer }): Plans {
  const { clock, key } = options;
  const rows = createPlanRows(options);
  return {
    get: rows.get,
    list: (filter = {}) => rows.list(filter),
    async propose(proposal) {
      const row = buildRow(proposal, clock.now(), key);
      if ((await rows.countProposed(row.caller)) >= maximumOpenPlans) {
        throw new AppError("rate_limited", `${maximumOpenPlans} plans of this caller are waiting for a decision.`, {
          hint: "Have them decided, or wait until they expire.",
        });
      }
      await rows.insert(row);
      return row;
    },
    async approve(id, approver) {
      requireScope(approver, "approve");
      const row = await rows.getOpen(id);
      if (row.caller === approver.id) {
        throw new AppError("denied", "Whoever proposed a plan cannot approve it.", {
          hint: "Approve with the approver's own token.",
        });
      }
      return await rows.move(row, ["proposed"], {
        state: "approved",
        approved_by: sealApproval(id, approver.id, key),
        decided_at: clock.now(),
      });
    },
    async refuse(id, approver, reason) {
      const row = await rows.getOpen(id);
      if (row.caller !== approver.id) requireScope(approver, "approve");
      const outcome = reason?.slice(0, maximumReasonLength) ?? null;
      return await rows.move(row, ["proposed", "approved"], { state: "refused", decided_at: clock.now(), outcome });
    },
    async begin(id, caller, current) {
      const row = await rows.getOpen(id);
      requireMatch(row, caller, current);
      const from: PlanState[] = row.risk === "low" ? ["proposed", "approved"] : ["approved"];
      if (!from.includes(row.state)) {
        throw new AppError("approval_required", "This plan needs a person's approval first.", {
          hint: `Ask a person to run \`${formatCommand(`approve ${id}`)}\`, then apply it again.`,
        });
      }
      return await rows.move(row, from, { state: "applying" });
    },
    async finish(id, outcome, detail) {
      const row = await rows.get(id);
      // Its time may be over by now: what was begun is finished all the same.
      if (row?.state !== "applying" && row?.state !== "unknown") {
        throw new AppError("internal", "A plan was finished that was not being applied.");
      }
      const text = detail?.slice(0, maximumReasonLength) ?? null;
      const to = { state: outcome, finished_at: clock.now(), outcome: text };
      await rows.move({ ...row, state: "applying" }, ["applying"], to);
    },
  };
}

function buildRow(proposal: Parameters<Plans["propose"]>[0], now: number, key: Buffer): PlanRow {
  const { server, tool, caller, plan } = proposal;
  requireScope(caller, "write");
  const argumentsText = JSON.stringify(proposal.arguments ?? {});
  const planText = JSON.stringify(plan);
  if (argumentsText.length + planText.length > maximumTextLength) {
    throw new AppError("invalid_input", "The change is too large for one plan.", {
      hint: "Split it into smaller changes.",
    });
  }
  const fields = {
    server,
    tool,
    caller: caller.id,
    arguments_hash: hashCanonical(JSON.parse(argumentsText)),
    plan_hash: hashCanonical(JSON.parse(planText)),
    state_version: plan.stateVersion,
    risk: plan.risk,
    cost_per_hour_usd: plan.costPerHourUsd,
    created_at: now,
    expires_at: now + planLifetimeMs,
  };
  return {
    id: sealPlan(fields, key),
    ...fields,
    arguments: argumentsText,
    plan: planText,
    state: "proposed",
    approved_by: null,
    decided_at: null,
    finished_at: null,
    outcome: null,
  };
}

function requireMatch(row: PlanRow, caller: Caller, current: CurrentChange): void {
  if (row.caller !== caller.id) {
    throw new AppError("denied", "The plan belongs to another caller.", { hint: "Plan the change yourself." });
  }
  requireScope(caller, "write");
  const again = { hint: "Plan the change again and look at what is different." };
  if (hashCanonical(JSON.parse(JSON.stringify(current.arguments ?? {}))) !== row.arguments_hash) {
    throw new AppError("denied", "The arguments are not those that were planned.", again);
  }
  if (current.plan.stateVersion !== row.state_version) {
    throw new AppError("denied", "The state changed since the plan was made.", again);
  }
  if (hashCanonical(JSON.parse(JSON.stringify(current.plan))) !== row.plan_hash) {
    throw new AppError("denied", "The same request would now change something else than was planned.", again);
  }
}

function requireScope(caller: Caller, scope: Caller["scopes"][number]): void {
  if (caller.scopes.includes(scope)) return;
  throw new AppError("denied", `This token lacks the scope ${scope}.`, {
    hint: `Use a token made with \`${formatCommand(`token create --name NAME --scope ${scope}`)}\`.`,
  });
}
