import type { CoreTables, TokensTable } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";

/** Tokens in the store. */
export interface TokenRows {
  /** False when this id or this bearer is already there; then nothing changes. */
  insert(row: TokensTable): Promise<boolean>;
  getByHash(hash: string): Promise<TokensTable>;
  findByHash(hash: string): Promise<TokensTable | undefined>;
  list(): Promise<TokensTable[]>;
  /** Neither revoked nor expired at `now`, newest first. */
  listValid(now: number, limit: number): Promise<TokensTable[]>;
  /** By name, those with a time to come are left to it. */
  revoke(which: { nameOrId: string } | { name: string; except: string }, now: number): Promise<number>;
  /** Ends the valid tokens with this name; unlike a revoked one, such a token can be renewed. */
  expire(name: string, now: number): Promise<void>;
  /** Gives a token another time limit, or takes it off, unless it was revoked. */
  setExpiry(id: string, expiresAt: number | null): Promise<void>;
  noteUse(id: string, now: number): Promise<void>;
}

export function createTokenRows(store: Store<CoreTables>): TokenRows {
  const { db } = store;
  return {
    async insert(row) {
      const query = db
        .insertInto("tokens")
        .values(row)
        .onConflict((conflict) => conflict.doNothing());
      return Number((await query.executeTakeFirst()).numInsertedOrUpdatedRows ?? 0) === 1;
    },
    getByHash: (hash) => db.selectFrom("tokens").selectAll().where("hash", "=", hash).executeTakeFirstOrThrow(),
    findByHash: (hash) => db.selectFrom("tokens").selectAll().where("hash", "=", hash).executeTakeFirst(),
    list: () => db.selectFrom("tokens").selectAll().orderBy("created_at", "desc").orderBy("id").execute(),
    async listValid(now, limit) {
      return await db
        .selectFrom("tokens")
        .selectAll()
        .where("revoked_at", "is", null)
        .where((test) => test.or([test("expires_at", "is", null), test("expires_at", ">", now)]))
        .orderBy("created_at", "desc")
        .limit(limit)
        .execute();
    },
    async revoke(which, now) {
      const query = db.updateTable("tokens").set({ revoked_at: now }).where("revoked_at", "is", null);
      const chosen =
        "nameOrId" in which
          ? query.where((test) => test.or([test("id", "=", which.nameOrId), test("name", "=", which.nameOrId)]))
          : query
              .where("name", "=", which.name)
              .where("id", "!=", which.except)
              .where((test) => test.or([test("expires_at", "is", null), test("expires_at", "<=", now)]));
      return Number((await chosen.executeTakeFirst()).numUpdatedRows);
    },
    async expire(name, now) {
      await db
        .updateTable("tokens")
        .set({ expires_at: now })
        .where("name", "=", name)
        .where("revoked_at", "is", null)
        .where((test) => test.or([test("expires_at", "is", null), test("expires_at", ">", now)]))
        .execute();
    },
    async setExpiry(id, expiresAt) {
      await db
        .updateTable("tokens")
        .set({ expires_at: expiresAt })
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .execute();
    },
    async noteUse(id, now) {
      await db.updateTable("tokens").set({ last_used_at: now }).where("id", "=", id).execute();
    },
  };
}
