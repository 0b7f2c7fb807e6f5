import type { Selectable } from "kysely";
import { formatCommand } from "../config/command-line.ts";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { CoreTables, PlansTable, PlanState } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { isApprovalIntact, isSealIntact, readApprover } from "./plan-seal.ts";

/** A plan as it is now: one that ran out reads `expired`, one whose process died while applying it reads `unknown`. */
export type PlanRow = Selectable<PlansTable>;

export interface PlanFilter {
  server?: string;
  state?: PlanState;
  /** At most 500; default 50. */
  limit?: number;
}

/** Plans in the store, with the rules of state and time; who may do what is decided above. */
export interface PlanRows {
  get(id: string): Promise<PlanRow | undefined>;
  /** The row, if it is undecided or approved, not expired, and what was proposed; AppError otherwise. */
  getOpen(id: string): Promise<PlanRow>;
  insert(row: PlanRow): Promise<void>;
  /** The one place where a plan changes hands: of all that race, the first finds the state it expects. */
  move(row: PlanRow, from: readonly PlanState[], to: Partial<PlanRow>): Promise<PlanRow>;
  countProposed(caller: string): Promise<number>;
  list(filter: PlanFilter): Promise<PlanRow[]>;
}

/** A call lives 55 s at most: a plan still `applying` this long after its expiry has lost its process. */
const applyingGraceMs = 60_000;

const endings: Record<Exclude<PlanState, "proposed" | "approved">, string> = {
  refused: "The plan was refused.",
  applying: "The plan is being applied.",
  applied: "The plan was already applied.",
  failed: "The plan was already tried and failed.",
  unknown: "The plan was begun and its outcome is unknown.",
  expired: "The plan has expired.",
};

export function createPlanRows(options: { store: Store<CoreTables>; clock: Clock; key: Buffer }): PlanRows {
  const { store, clock, key } = options;

  async function read(id: string): Promise<PlanRow | undefined> {
    return await store.db.selectFrom("plans").selectAll().where("id", "=", id).executeTakeFirst();
  }

  async function getOpen(id: string): Promise<PlanRow> {
    const stored = await read(id);
    if (!stored)
      throw new AppError("not_found", "There is no such plan.", {
        hint: `\`${formatCommand("plans --all")}\` lists them.`,
      });
    const hint = "Plan the change again.";
    const isForged = stored.state === "approved" && !isApprovalIntact(id, stored.approved_by, key);
    if (isForged || !isSealIntact(stored, key))
      throw new AppError("denied", "The plan was altered after it was proposed.", { hint });
    const row = viewAt(stored, clock.now());
    if (row.state === "proposed" || row.state === "approved") return row;
    throw new AppError("denied", endings[row.state], { hint });
  }

  return {
    async get(id) {
      const stored = await read(id);
      return stored && viewAt(stored, clock.now());
    },
    getOpen,
    async insert(row) {
      await store.db.insertInto("plans").values(row).execute();
    },
    async move(row, from, to) {
      const query = store.db.updateTable("plans").set(to).where("id", "=", row.id).where("state", "in", from);
      const isBegun = row.state === "applying";
      const result = await (isBegun ? query : query.where("expires_at", ">", clock.now())).executeTakeFirst();
      if (Number(result.numUpdatedRows) === 1) return viewAt({ ...row, ...to }, clock.now());
      await getOpen(row.id);
      throw new AppError("denied", "The plan was decided by someone else just now.", {
        hint: `See \`${formatCommand("plans --all")}\`.`,
      });
    },
    async countProposed(caller) {
      const { open } = await store.db
        .selectFrom("plans")
        .select((expression) => expression.fn.countAll<number | string>().as("open"))
        .where("caller", "=", caller)
        .where("state", "=", "proposed")
        .where("expires_at", ">", clock.now())
        .executeTakeFirstOrThrow();
      return Number(open);
    },
    list: (filter) => listPlans(store, filter, clock.now()),
  };
}

function viewAt(stored: PlanRow, now: number): PlanRow {
  const row = { ...stored, approved_by: readApprover(stored.approved_by) };
  if (row.state === "applying") return row.expires_at + applyingGraceMs > now ? row : { ...row, state: "unknown" };
  const isOpen = row.state === "proposed" || row.state === "approved";
  return isOpen && row.expires_at <= now ? { ...row, state: "expired" } : row;
}

/** Stored states that can read as the one asked for, at some time. */
const storedStates: Partial<Record<PlanState, readonly PlanState[]>> = {
  expired: ["proposed", "approved", "expired"],
  unknown: ["applying", "unknown"],
};

async function listPlans(store: Store<CoreTables>, filter: PlanFilter, now: number): Promise<PlanRow[]> {
  const limit = Math.min(filter.limit ?? 50, 500);
  let query = store.db.selectFrom("plans").selectAll().orderBy("created_at", "desc").orderBy("id").limit(limit);
  if (filter.server !== undefined) query = query.where("server", "=", filter.server);
  if (filter.state !== undefined) query = query.where("state", "in", storedStates[filter.state] ?? [filter.state]);
  if (filter.state === "expired") query = query.where("expires_at", "<=", now);
  if (filter.state === "proposed" || filter.state === "approved") query = query.where("expires_at", ">", now);
  const rows = (await query.execute()).map((row) => viewAt(row, now));
  return filter.state === undefined ? rows : rows.filter((row) => row.state === filter.state);
}
