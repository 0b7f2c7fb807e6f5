import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { CoreTables, LedgerLeasesTable } from "../store/core-tables.ts";
import type { Engine } from "../store/migrate.ts";
import { expireAbandoned } from "./abandoned-reservations.ts";
import { addToBuckets, type Budget, buildCharges, type Charge, findShortage, lockBudgets } from "./budget-buckets.ts";
import { Refusal } from "./group-commit.ts";
import { toNanoUsd, toUsd } from "./nano-usd.ts";
import { buildShortageError } from "./shortage-error.ts";

type Tx = Transaction<CoreTables>;

/** A lease without a sign of life for this long belongs to a dead process. */
export const leaseLifeMs = 180_000;
/** Of what is left a process takes at most this part at once, so that near the limit others find room too. */
const largestShare = 10;
const recoveredAtOnce = 100;

export interface LeaseRequest {
  server: string;
  service: string;
  caller: string;
  budgets: readonly Budget[];
  /** What the first in line needs: less is of no use. */
  neededNanoUsd: number;
  /** What is taken where there is plenty. */
  wantedNanoUsd: number;
  /** The unused part of the lease this one replaces. */
  returned: { id: string; charges: readonly Charge[]; nanoUsd: number } | undefined;
  /** Nobody waits for it: taken only where there is plenty. */
  isRefill: boolean;
  now: number;
}

export interface GrantedLease {
  id: string;
  charges: Charge[];
  grantedNanoUsd: number;
}

/** No block for this cost, and the room there is: what needs less may still fit. */
export class LeaseRefusal extends Refusal {
  readonly roomNanoUsd: number;

  constructor(refusal: ConstructorParameters<typeof Refusal>[0], roomNanoUsd: number) {
    super(refusal);
    this.roomNanoUsd = roomNanoUsd;
  }
}

/** Takes a block out of every budget. Throws {@link LeaseRefusal} before anything is written. */
export async function takeLease(tx: Tx, engine: Engine, request: LeaseRequest): Promise<GrantedLease> {
  const { budgets, now, returned } = request;
  await lockBudgets(
    tx,
    engine,
    budgets.map(({ key }) => key),
  );
  let grantedNanoUsd = await findGrant(tx, request);
  while (grantedNanoUsd instanceof LeaseRefusal && (await expireAbandoned(tx, now)) > 0) {
    grantedNanoUsd = await findGrant(tx, request);
  }
  if (grantedNanoUsd instanceof LeaseRefusal) throw grantedNanoUsd;
  const charges = buildCharges(budgets, now);
  if (returned) await giveBack(tx, returned);
  await addToBuckets(tx, charges, grantedNanoUsd);
  const { server, service, caller } = request;
  const row: LedgerLeasesTable = {
    id: randomUUID(),
    server,
    service,
    caller,
    charges: JSON.stringify(charges),
    granted_nano_usd: grantedNanoUsd,
    written_nano_usd: 0,
    created_at: now,
    expires_at: now + leaseLifeMs,
  };
  await tx.insertInto("ledger_leases").values(row).execute();
  return { id: row.id, charges, grantedNanoUsd };
}

async function giveBack(tx: Tx, { id, charges, nanoUsd }: NonNullable<LeaseRequest["returned"]>): Promise<void> {
  await addToBuckets(tx, charges, -nanoUsd);
  await tx
    .updateTable("ledger_leases")
    .set((row) => ({ granted_nano_usd: row("granted_nano_usd", "-", nanoUsd) }))
    .where("id", "=", id)
    .execute();
}

async function findGrant(tx: Tx, request: LeaseRequest): Promise<number | LeaseRefusal> {
  const { wantedNanoUsd, budgets, now, returned } = request;
  const neededNanoUsd = request.isRefill ? wantedNanoUsd * largestShare : request.neededNanoUsd;
  let room = Infinity;
  for (const budget of budgets) {
    // Asked for more than any budget holds, it answers with what is spent.
    const asked = { costNanoUsd: Number.MAX_SAFE_INTEGER, now };
    const shortage = await findShortage(tx, [budget], asked);
    if (!shortage) continue;
    const spentNanoUsd = toNanoUsd(shortage.spentUsd) - (returned?.nanoUsd ?? 0);
    const left = toNanoUsd(budget.limitUsd) - spentNanoUsd;
    if (left < neededNanoUsd) {
      const error = buildShortageError({ ...shortage, spentUsd: toUsd(Math.max(0, spentNanoUsd)) }, neededNanoUsd);
      return new LeaseRefusal(error, left);
    }
    room = Math.min(room, left);
  }
  if (request.isRefill) return wantedNanoUsd;
  return Math.max(neededNanoUsd, Math.min(wantedNanoUsd, Math.floor(room / largestShare)));
}

export interface LeaseChange {
  id: string;
  charges: readonly Charge[];
  /** What is newly charged (or, when negative, given back). */
  addNanoUsd: number;
  /** What has its ledger lines with this change. */
  writtenNanoUsd: number;
  closed: boolean;
}

/** Brings a lease's row and its budgets up to what its process knows. */
export async function changeLease(tx: Tx, change: LeaseChange, now: number): Promise<void> {
  await addToBuckets(tx, change.charges, change.addNanoUsd);
  const found = change.closed
    ? (await tx.deleteFrom("ledger_leases").where("id", "=", change.id).executeTakeFirst()).numDeletedRows
    : (
        await tx
          .updateTable("ledger_leases")
          .set((row) => ({
            granted_nano_usd: row("granted_nano_usd", "+", change.addNanoUsd),
            written_nano_usd: row("written_nano_usd", "+", change.writtenNanoUsd),
            expires_at: now + leaseLifeMs,
          }))
          .where("id", "=", change.id)
          .executeTakeFirst()
      ).numUpdatedRows;
  if (found === 0n) await correctEstimate(tx, change);
}

/**
 * Whether {@link changeLease} with the same change and time has been committed before. A lease that was closed is gone,
 * and has no line of its own unless others have booked it as an estimate.
 */
export async function isApplied(tx: Tx, { id, closed }: LeaseChange, now: number): Promise<boolean> {
  const lease = await tx.selectFrom("ledger_leases").select("expires_at").where("id", "=", id).executeTakeFirst();
  if (lease || !closed) return lease?.expires_at === now + leaseLifeMs;
  const estimate = await tx.selectFrom("ledger_entries").select("id").where("id", "=", id).executeTakeFirst();
  return estimate === undefined;
}

/** This process was silent so long that its lease was booked as an estimate. What is now known is taken out of it. */
async function correctEstimate(tx: Tx, change: LeaseChange): Promise<void> {
  const known = change.writtenNanoUsd + Math.max(0, -change.addNanoUsd);
  const row = await tx
    .selectFrom("ledger_entries")
    .select("cost_nano_usd")
    .where("id", "=", change.id)
    .executeTakeFirst();
  if (!row) return;
  const left = Math.max(0, row.cost_nano_usd - known);
  await tx.updateTable("ledger_entries").set({ cost_nano_usd: left }).where("id", "=", change.id).execute();
}

/** What dead processes had taken and not written down becomes one estimated line each: no money is lost silently. */
export async function recoverLeases(tx: Tx, now: number): Promise<number> {
  const dead = await tx
    .selectFrom("ledger_leases")
    .selectAll()
    .where("expires_at", "<=", now)
    .orderBy("id")
    .limit(recoveredAtOnce)
    .execute();
  for (const row of dead) {
    const { numDeletedRows } = await tx.deleteFrom("ledger_leases").where("id", "=", row.id).executeTakeFirst();
    const unwritten = row.granted_nano_usd - row.written_nano_usd;
    if (numDeletedRows === 0n || unwritten <= 0) continue;
    await tx
      .insertInto("ledger_entries")
      .values({
        id: row.id,
        reservation_id: row.id,
        request_id: `lease:${row.id}`,
        server: row.server,
        service: row.service,
        caller: row.caller,
        unit: "unsettled",
        quantity: 1,
        cost_nano_usd: unwritten,
        kind: "estimate",
        price_as_of: null,
        day: new Date(row.created_at).toISOString().slice(0, 10),
        created_at: row.created_at,
      })
      .execute();
  }
  return dead.length;
}
