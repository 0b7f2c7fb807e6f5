import { randomUUID } from "node:crypto";
import { sql, type Transaction } from "kysely";
import { AppError } from "../errors/app-error.ts";
import { type Clock, systemClock } from "../limits/clock.ts";
import type { CoreTables, LedgerReservationsTable } from "../store/core-tables.ts";
import { narrowStore, type Store } from "../store/store.ts";
import {
  addToBuckets,
  type Budget,
  type Charge,
  buildCharges,
  dropOldBuckets,
  findShortage,
  lockBudgets,
} from "./budget-buckets.ts";
import { closeOpen, expireAbandoned } from "./abandoned-reservations.ts";
import { buildShortageError } from "./shortage-error.ts";
import { createGroupCommit, Refusal } from "./group-commit.ts";
import { toNanoUsd, toUsd } from "./nano-usd.ts";

/** One billable thing: `quantity` of `unit` (tokens, pages, credits, seconds) of a service. */
export interface Billable {
  requestId: string;
  server: string;
  service: string;
  caller: string;
  unit: string;
  quantity: number;
  costUsd: number;
}

export interface ReservationRequest extends Billable {
  budgets?: readonly Budget[];
  /** After this time an unsettled reservation gives its money back. Default 10 minutes. */
  expiresInMs?: number;
}

export interface Reservation extends Billable {
  id: string;
  expiresAt: number;
}

export interface Settlement {
  quantity: number;
  costUsd: number;
  kind: "estimate" | "actual";
  /** Day of the price list used, ISO 8601. */
  priceAsOf?: string;
}

export type LedgerGroup = "service" | "server" | "caller" | "unit" | "day";

export interface TotalsFilter {
  server?: string;
  service?: string;
  caller?: string;
  /** Wall-clock milliseconds, inclusive. */
  since?: number;
  /** Wall-clock milliseconds, exclusive. */
  until?: number;
  groupBy?: LedgerGroup;
}

export interface LedgerTotal {
  /** The value grouped by ("2026-11-22" for a day, UTC); empty without groupBy. */
  group: string;
  entries: number;
  /** Meaningful where the entries share one unit. */
  quantity: number;
  costUsd: number;
  /** The part of costUsd that is estimated, not billed. */
  estimatedUsd: number;
}

export interface Ledger {
  /** Takes the cost out of every budget before the money is spent. Throws AppError `budget_exceeded`. Atomic across processes. */
  reserve(request: ReservationRequest): Promise<Reservation>;
  /** Replaces the reserved cost by the true one, even above the budget or after expiry. A second call changes nothing. */
  settle(reservation: { id: string }, actual: Settlement): Promise<void>;
  /** Nothing was spent. A settled reservation stays settled. */
  release(reservation: { id: string }): Promise<void>;
  /** A cost known only afterwards, outside every budget. */
  record(entry: Billable & Pick<Settlement, "kind" | "priceAsOf">): Promise<void>;
  totals(filter: TotalsFilter): Promise<LedgerTotal[]>;
}

type Tx = Transaction<CoreTables>;

const defaultExpiryMs = 10 * 60_000;
const sweepEveryMs = 60_000;

export function createLedger<Tables extends CoreTables>(options: { store: Store<Tables>; clock?: Clock }): Ledger {
  const store: Store<CoreTables> = narrowStore(options.store);
  const clock = options.clock ?? systemClock;
  const commit = createGroupCommit(store);
  let sweptAt = clock.monotonic();

  return {
    async reserve(request) {
      const row = buildReservation(request, clock.now());
      const budgets = request.budgets ?? [];
      const sweep = clock.monotonic() - sweptAt >= sweepEveryMs;
      if (sweep) sweptAt = clock.monotonic();
      await commit((tx) => reserveIn(tx, store, row, { budgets, sweep }));
      return { ...toBillable(row), id: row.id, expiresAt: row.expires_at };
    },
    settle: ({ id }, actual) => commit((tx) => settleIn(tx, id, actual, clock.now())),
    release: ({ id }) => commit((tx) => closeOpen(tx, id, "released")),
    async record(entry) {
      const row = { ...buildReservation(entry, clock.now()), id: null };
      await store.db
        .insertInto("ledger_entries")
        .values(buildEntry(row, entry, clock.now()))
        .execute();
    },
    totals: (filter) => sumEntries(store, filter),
  };
}

function buildReservation(request: ReservationRequest, now: number): LedgerReservationsTable {
  if (!Number.isFinite(request.quantity)) throw new AppError("invalid_input", "A quantity must be a finite number.");
  return {
    id: randomUUID(),
    request_id: request.requestId,
    server: request.server,
    service: request.service,
    caller: request.caller,
    unit: request.unit,
    quantity: request.quantity,
    cost_nano_usd: toNanoUsd(request.costUsd),
    charges: JSON.stringify(buildCharges(request.budgets ?? [], now)),
    state: "open",
    created_at: now,
    expires_at: now + (request.expiresInMs ?? defaultExpiryMs),
  };
}

async function reserveIn(
  tx: Tx,
  store: Pick<Store<CoreTables>, "engine">,
  row: LedgerReservationsTable,
  { budgets, sweep }: { budgets: readonly Budget[]; sweep: boolean },
): Promise<void> {
  if (sweep) await dropOldBuckets(tx, row.created_at);
  if (sweep) await expireAbandoned(tx, row.created_at);
  await lockBudgets(
    tx,
    store.engine,
    budgets.map((budget) => budget.key),
  );
  const request = { costNanoUsd: row.cost_nano_usd, now: row.created_at };
  let shortage = await findShortage(tx, budgets, request);
  while (shortage && (await expireAbandoned(tx, row.created_at)) > 0) {
    shortage = await findShortage(tx, budgets, request);
  }
  if (shortage) throw new Refusal(buildShortageError(shortage, row.cost_nano_usd));
  await addToBuckets(tx, JSON.parse(row.charges) as Charge[], row.cost_nano_usd);
  await tx.insertInto("ledger_reservations").values(row).execute();
}

async function settleIn(tx: Tx, id: string, actual: Settlement, now: number): Promise<void> {
  const costNanoUsd = toNanoUsd(actual.costUsd);
  const row = await tx.selectFrom("ledger_reservations").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) throw new Refusal(new AppError("not_found", "There is no such reservation."));
  if (row.state === "settled") return;
  const updated = await tx
    .updateTable("ledger_reservations")
    .set({ state: "settled" })
    .where("id", "=", id)
    .where("state", "=", row.state)
    .executeTakeFirst();
  if (updated.numUpdatedRows === 0n) return settleIn(tx, id, actual, now);
  const alreadyCharged = row.state === "open" ? row.cost_nano_usd : 0;
  await addToBuckets(tx, JSON.parse(row.charges) as Charge[], costNanoUsd - alreadyCharged);
  await tx
    .insertInto("ledger_entries")
    .values(buildEntry(row, actual, now))
    .execute();
}

function buildEntry(
  row: Omit<LedgerReservationsTable, "id"> & { id: string | null },
  actual: Settlement,
  now: number,
): CoreTables["ledger_entries"] {
  return {
    id: randomUUID(),
    reservation_id: row.id,
    request_id: row.request_id,
    server: row.server,
    service: row.service,
    caller: row.caller,
    unit: row.unit,
    quantity: actual.quantity,
    cost_nano_usd: toNanoUsd(actual.costUsd),
    kind: actual.kind,
    price_as_of: actual.priceAsOf ?? null,
    day: new Date(now).toISOString().slice(0, 10),
    created_at: now,
  };
}

async function sumEntries(store: Store<CoreTables>, filter: TotalsFilter): Promise<LedgerTotal[]> {
  let query = store.db.selectFrom("ledger_entries").select((expression) => [
    expression.fn.countAll<number>().as("entries"),
    expression.fn.sum<number>("quantity").as("quantity"),
    // As text: a sum may pass 2^53, where a number would be rounded.
    sql<string | null>`cast(sum(cost_nano_usd) as text)`.as("cost"),
    sql<string | null>`cast(sum(case when kind = 'estimate' then cost_nano_usd else 0 end) as text)`.as("estimated"),
  ]);
  if (filter.server !== undefined) query = query.where("server", "=", filter.server);
  if (filter.service !== undefined) query = query.where("service", "=", filter.service);
  if (filter.caller !== undefined) query = query.where("caller", "=", filter.caller);
  if (filter.since !== undefined) query = query.where("created_at", ">=", filter.since);
  if (filter.until !== undefined) query = query.where("created_at", "<", filter.until);
  const { groupBy } = filter;
  const rows = groupBy
    ? await query.select(`${groupBy} as group`).groupBy(groupBy).orderBy(groupBy).execute()
    : (await query.execute()).map((row) => ({ ...row, group: "" }));
  return rows.map((row) => ({
    group: row.group,
    entries: row.entries,
    quantity: row.quantity ?? 0,
    costUsd: toUsd(row.cost ?? "0"),
    estimatedUsd: toUsd(row.estimated ?? "0"),
  }));
}

function toBillable(row: LedgerReservationsTable): Billable {
  return {
    requestId: row.request_id,
    server: row.server,
    service: row.service,
    caller: row.caller,
    unit: row.unit,
    quantity: row.quantity,
    costUsd: toUsd(row.cost_nano_usd),
  };
}
