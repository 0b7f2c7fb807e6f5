import type { Selectable } from "kysely";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Caller, ChangePlan } from "../mcp/define-tool.ts";
import type { CoreTables, PlansTable, PlanState } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { hashCanonical } from "./canonical-hash.ts";
import { isSealIntact, sealPlan } from "./plan-seal.ts";

export type { PlanState } from "../store/core-tables.ts";

/** A plan as it is now: one that ran out reads `expired`, one whose process died while applying it reads `unknown`. */
export type PlanRow = Selectable<PlansTable>;

/** What would happen if the plan were made again now. */
export interface CurrentChange {
  arguments: unknown;
  plan: ChangePlan;
}

export interface PlanFilter {
  server?: string;
  state?: PlanState;
  /** At most 500; default 50. */
  limit?: number;
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
/** A call lives 55 s at most: a plan still `applying` this long after its expiry has lost its process. */
const applyingGraceMs = 60_000;
const maximumOpenPlans = 100;
const maximumTextLength = 262_144;
const maximumReasonLength = 500;

const endings: Record<Exclude<PlanState, "proposed" | "approved">, string> = {
  refused: "The plan was refused.",
  applying: "The plan is being applied.",
  applied: "The plan was already applied.",
  failed: "The plan was already tried and failed.",
  unknown: "The plan was begun and its outcome is unknown.",
  expired: "The plan has expired.",
};

export function createPlans(options: { store: Store<CoreTables>; clock: Clock; key: Buffer }): Plans {
  const { store, clock, key } = options;

  async function get(id: string): Promise<PlanRow | undefined> {
    const row = await store.db.selectFrom("plans").selectAll().where("id", "=", id).executeTakeFirst();
    return row && viewAt(row, clock.now());
  }

  /** The row, if it is open and what was proposed. */
  async function getOpen(id: string): Promise<PlanRow> {
    const row = await get(id);
    if (!row) throw new AppError("not_found", "There is no such plan.", { hint: "`sophia plans` lists them." });
    if (!isSealIntact(row, key)) {
      throw new AppError("denied", "The plan is not what was proposed: it was altered.", {
        hint: "Plan the change again.",
      });
    }
    if (row.state !== "proposed" && row.state !== "approved") {
      throw new AppError("denied", endings[row.state], { hint: "Plan the change again." });
    }
    return row;
  }

  /** The one place where a plan changes hands: of all that race, the first finds the state it expects. */
  async function move(row: PlanRow, from: readonly PlanState[], to: Partial<PlanRow>): Promise<PlanRow> {
    const result = await store.db
      .updateTable("plans")
      .set(to)
      .where("id", "=", row.id)
      .where("state", "in", from)
      .where("expires_at", ">", clock.now())
      .executeTakeFirst();
    if (Number(result.numUpdatedRows) === 1) return { ...row, ...to };
    await getOpen(row.id);
    throw new AppError("denied", "The plan was decided by someone else just now.", { hint: "Look at `sophia plans`." });
  }

  return {
    get,
    async propose(proposal) {
      const row = buildRow(proposal, clock.now(), key);
      await limitOpenPlans(store, row.caller, clock.now());
      await store.db.insertInto("plans").values(row).execute();
      return row;
    },
    async list(filter = {}) {
      return await listPlans(store, filter, clock.now());
    },
    async approve(id, approver) {
      requireScope(approver, "approve");
      const row = await getOpen(id);
      if (row.caller === approver.id) {
        throw new AppError("denied", "Whoever proposed a plan cannot approve it.", {
          hint: "Approve with the approver's own token.",
        });
      }
      return await move(row, ["proposed"], { state: "approved", approved_by: approver.id, decided_at: clock.now() });
    },
    async refuse(id, approver, reason) {
      const row = await getOpen(id);
      if (row.caller !== approver.id) requireScope(approver, "approve");
      const outcome = reason === undefined ? null : reason.slice(0, maximumReasonLength);
      return await move(row, ["proposed", "approved"], { state: "refused", decided_at: clock.now(), outcome });
    },
    async begin(id, caller, current) {
      const row = await getOpen(id);
      requireMatch(row, caller, current);
      const from: PlanState[] = row.risk === "low" ? ["proposed", "approved"] : ["approved"];
      if (!from.includes(row.state)) {
        throw new AppError("approval_required", "This plan needs a person's approval first.", {
          hint: `Ask a person to run \`sophia approve ${id}\`, then apply it again.`,
        });
      }
      return await move(row, from, { state: "applying" });
    },
    async finish(id, outcome, detail) {
      const result = await store.db
        .updateTable("plans")
        .set({ state: outcome, finished_at: clock.now(), outcome: detail?.slice(0, maximumReasonLength) ?? null })
        .where("id", "=", id)
        .where("state", "=", "applying")
        .executeTakeFirst();
      if (Number(result.numUpdatedRows) !== 1) {
        throw new AppError("internal", "A plan was finished that was not being applied.");
      }
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
    hint: `Use a token made with \`sophia token create --scope ${scope}\`.`,
  });
}

function viewAt(row: PlanRow, now: number): PlanRow {
  if (row.state === "applying") return row.expires_at + applyingGraceMs > now ? row : { ...row, state: "unknown" };
  const isOpen = row.state === "proposed" || row.state === "approved";
  return isOpen && row.expires_at <= now ? { ...row, state: "expired" } : row;
}

async function limitOpenPlans(store: Store<CoreTables>, caller: string, now: number): Promise<void> {
  const { open } = await store.db
    .selectFrom("plans")
    .select((expression) => expression.fn.countAll<number | string>().as("open"))
    .where("caller", "=", caller)
    .where("state", "=", "proposed")
    .where("expires_at", ">", now)
    .executeTakeFirstOrThrow();
  if (Number(open) < maximumOpenPlans) return;
  throw new AppError("rate_limited", `${maximumOpenPlans} plans of this caller are waiting for a decision.`, {
    hint: "Have them decided, or wait until they expire.",
  });
}

async function listPlans(store: Store<CoreTables>, filter: PlanFilter, now: number): Promise<PlanRow[]> {
  const limit = Math.min(filter.limit ?? 50, 500);
  let query = store.db.selectFrom("plans").selectAll().orderBy("created_at", "desc").orderBy("id").limit(limit);
  if (filter.server !== undefined) query = query.where("server", "=", filter.server);
  if (filter.state === "proposed" || filter.state === "approved") {
    query = query.where("state", "=", filter.state).where("expires_at", ">", now);
  } else if (filter.state === "expired") {
    query = query.where("state", "in", ["proposed", "approved", "expired"]).where("expires_at", "<=", now);
  } else if (filter.state === "applying") {
    query = query.where("state", "=", "applying").where("expires_at", ">", now - applyingGraceMs);
  } else if (filter.state === "unknown") {
    query = query.where("state", "in", ["applying", "unknown"]);
  } else if (filter.state !== undefined) {
    query = query.where("state", "=", filter.state);
  }
  const rows = (await query.execute()).map((row) => viewAt(row, now));
  return filter.state === undefined ? rows : rows.filter((row) => row.state === filter.state);
}
