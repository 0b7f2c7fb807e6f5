import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import type { Kysely, Transaction } from "kysely";
import type { WatchRow, WatchSourceRow, WatchTables } from "./watch-tables.ts";

export interface Watch extends WatchRow {
  sources: WatchSourceRow[];
}

/** Who watches what. What is found is the business of the entry store. */
export interface WatchStore {
  /**
   * Adds the caller to the watch, which is made where there is none. Entries of before are new to who joins.
   * @throws AppError rate_limited when there are too many
   */
  join(watch: { id: string; topic: string | null; every: string; urls: string[] }, caller: string): Promise<Watch>;
  /** Takes the caller out; the last one takes the watch with it, entries included. True when it is gone. */
  leave(id: string, caller: string): Promise<boolean>;
  find(id: string): Promise<Watch | undefined>;
  /** @throws AppError not_found, also for a watch that the caller has not joined */
  findOf(id: string, caller: string): Promise<Watch>;
  /** Newest first. `unread` are entries the caller has not been given. */
  listOf(caller: string): Promise<(Watch & { unread: number })[]>;
  noteSource(id: string, url: string, facts: Partial<Omit<WatchSourceRow, "watch_id" | "url">>): Promise<void>;
  noteCheck(id: string, costUsd: number): Promise<void>;
}

const maxPerCaller = 50;
const maxInAll = 500;

export function createWatchStore({ store, clock }: { store: Store<WatchTables>; clock: Clock }): WatchStore {
  const { db } = store;

  return {
    join: async (watch, caller) => {
      await assertRoom(db, caller);
      await store.transaction((tx) => joinIn(tx, { ...watch, caller, now: clock.now() }));
      const joined = await find(db, watch.id);
      if (joined) return joined;
      throw new AppError("unavailable", "The watch was ended at the same moment.", { retryable: true });
    },
    leave: (id, caller) =>
      store.transaction(async (tx) => {
        await tx.deleteFrom("data_watch_readers").where("watch_id", "=", id).where("caller", "=", caller).execute();
        const gone = await tx
          .deleteFrom("data_watches")
          .where("id", "=", id)
          .where("id", "not in", (inner) => inner.selectFrom("data_watch_readers").select("watch_id"))
          .executeTakeFirst();
        return gone.numDeletedRows > 0n;
      }),
    find: (id) => find(db, id),
    async findOf(id, caller) {
      const reader = await db
        .selectFrom("data_watch_readers")
        .select("caller")
        .where("watch_id", "=", id)
        .where("caller", "=", caller)
        .executeTakeFirst();
      const watch = reader && (await find(db, id));
      if (watch) return watch;
      throw new AppError("not_found", "There is no such watch.", {
        hint: "watch_topic without arguments lists yours.",
      });
    },
    listOf: (caller) => listOf(db, caller),
    async noteSource(id, url, facts) {
      await db.updateTable("data_watch_sources").set(facts).where("watch_id", "=", id).where("url", "=", url).execute();
    },
    async noteCheck(id, costUsd) {
      await db
        .updateTable("data_watches")
        .set((set) => ({ checked_at: clock.now(), cost_usd: set("cost_usd", "+", costUsd) }))
        .where("id", "=", id)
        .execute();
    },
  };
}

interface NewReader {
  id: string;
  topic: string | null;
  every: string;
  urls: string[];
  caller: string;
  now: number;
}

async function joinIn(tx: Transaction<WatchTables>, { id, topic, every, urls, caller, now }: NewReader): Promise<void> {
  const facts = { created_at: now, checked_at: null, last_sequence: 0, cost_usd: 0 };
  await tx
    .insertInto("data_watches")
    .values({ id, topic, every, ...facts })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  const empty = { kind: null, feed_url: null, etag: null, last_modified: null, checked_at: null };
  const rows = urls.map((url, ordinal) => ({ watch_id: id, url, ordinal, ...empty }));
  await tx
    .insertInto("data_watch_sources")
    .values(rows.map((row) => ({ ...row, failure_code: null, failure_message: null })))
    .onConflict((conflict) => conflict.columns(["watch_id", "url"]).doNothing())
    .execute();
  await tx
    .insertInto("data_watch_readers")
    .values({ watch_id: id, caller, sequence: 0, previous_sequence: 0 })
    .onConflict((conflict) => conflict.columns(["watch_id", "caller"]).doNothing())
    .execute();
}

async function listOf(db: Kysely<WatchTables>, caller: string): Promise<(Watch & { unread: number })[]> {
  const rows = await db
    .selectFrom("data_watches as w")
    .innerJoin("data_watch_readers as r", "r.watch_id", "w.id")
    .selectAll("w")
    .select((select) =>
      select
        .selectFrom("data_watch_entries as e")
        .whereRef("e.watch_id", "=", "w.id")
        .whereRef("e.sequence", ">", "r.sequence")
        .select((inner) => inner.fn.countAll<number>().as("number"))
        .as("unread"),
    )
    .where("r.caller", "=", caller)
    .orderBy("w.created_at", "desc")
    .orderBy("w.id")
    .execute();
  const unread = new Map(rows.map((row) => [row.id, Number(row.unread ?? 0)]));
  const watches = await withSources(
    db,
    rows.map(({ unread: _number, ...row }) => row),
  );
  return watches.map((watch) => ({ ...watch, unread: unread.get(watch.id) ?? 0 }));
}

async function withSources(db: Kysely<WatchTables>, rows: WatchRow[]): Promise<Watch[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const sources = await db
    .selectFrom("data_watch_sources")
    .selectAll()
    .where("watch_id", "in", ids)
    .orderBy("ordinal")
    .execute();
  return rows.map((row) => ({ ...row, sources: sources.filter((source) => source.watch_id === row.id) }));
}

async function find(db: Kysely<WatchTables>, id: string): Promise<Watch | undefined> {
  const row = await db.selectFrom("data_watches").selectAll().where("id", "=", id).executeTakeFirst();
  return row && (await withSources(db, [row]))[0];
}

async function assertRoom(db: Kysely<WatchTables>, caller: string): Promise<void> {
  const count = (eb: { caller?: string }) => {
    const query = db.selectFrom("data_watch_readers").select((select) => select.fn.countAll<number>().as("number"));
    return (eb.caller === undefined ? query : query.where("caller", "=", eb.caller)).executeTakeFirstOrThrow();
  };
  const own = Number((await count({ caller })).number);
  const all = Number((await count({})).number);
  if (own < maxPerCaller && all < maxInAll) return;
  throw new AppError("rate_limited", `There are ${own < maxPerCaller ? all : own} watches, the most that is kept.`, {
    hint: "Stop one that is no longer needed: watch_topic without arguments lists yours.",
    retryable: false,
  });
}
