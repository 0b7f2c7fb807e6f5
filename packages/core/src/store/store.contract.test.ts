import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createAlertEvents } from "./alert-events.ts";
import type { CoreTables } from "./core-tables.ts";
import type { Engine, MigrationSet, Store } from "./store.ts";

interface NotesTables extends CoreTables {
  notes: { id: number; text: string | null; size: number; weight: number };
}

const notes: MigrationSet = {
  owner: "test",
  migrations: {
    "0001-notes": {
      async up(db) {
        await db.schema
          .createTable("notes")
          .addColumn("id", "bigint", (column) => column.primaryKey())
          .addColumn("text", "text")
          .addColumn("size", "bigint", (column) => column.notNull())
          .addColumn("weight", "double precision", (column) => column.notNull())
          .execute();
      },
    },
  },
};

const newerNotes: MigrationSet = {
  owner: "test",
  migrations: {
    ...notes.migrations,
    "0002-colour": {
      up: (db) => db.schema.alterTable("notes").addColumn("colour", "text").execute(),
    },
  },
};

describe.each<Engine>(["sqlite", "postgres"])("store on %s", (engine) => {
  let stores: StoreEngine | undefined;
  beforeAll(async () => {
    stores = await startEngine(engine);
  });
  afterEach(() => stores?.closeStores());
  afterAll(() => stores?.stop());

  const withStore =
    (work: (store: Store<NotesTables>, place: StorePlace, engines: StoreEngine) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!stores, `no ${engine} on this machine`);
      if (!stores) return;
      const place = await stores.createPlace();
      await work(await stores.open<NotesTables>(place, [notes]), place, stores);
    };
  const note = (id: number, text = "") => ({ id, text, size: 1, weight: 0.5 });

  test(
    "gives back what was written, with numbers as numbers",
    withStore(async ({ db }) => {
      const text = "Grüße, 世界 👩‍🚀 \u202Ereversed '\"; drop table notes; --";
      const row = { id: 1, text, size: Number.MAX_SAFE_INTEGER, weight: 0.1 };
      await db
        .insertInto("notes")
        .values([row, { ...row, id: 2, text: null }])
        .execute();
      expect(await db.selectFrom("notes").selectAll().orderBy("id").execute()).toEqual([
        row,
        { ...row, id: 2, text: null },
      ]);
      const counted = await db
        .selectFrom("notes")
        .select((select) => [select.fn.countAll().as("count")])
        .executeTakeFirst();
      expect(counted?.count).toBe(2);
      const changed = await db.updateTable("notes").set({ size: 3 }).where("id", ">", 1).executeTakeFirst();
      expect(changed.numUpdatedRows).toBe(1n);
    }),
  );

  test(
    "refuses NUL and lone surrogates and keeps them inside JSON",
    withStore(async ({ db }) => {
      for (const text of ["a\0b", "\uD83D", "\uDE00x"]) {
        await expect(db.insertInto("notes").values(note(1, text)).execute()).rejects.toMatchObject({
          kind: "invalid_input",
        });
      }
      const strange = { text: "a\0b \uD83D" };
      await db
        .insertInto("notes")
        .values(note(1, JSON.stringify(strange)))
        .execute();
      const row = await db.selectFrom("notes").select("text").executeTakeFirstOrThrow();
      expect(JSON.parse(row.text ?? "")).toEqual(strange);
    }),
  );

  test(
    "rolls back the whole transaction",
    withStore(async (store) => {
      const failed = store.transaction(async (tx) => {
        await tx.insertInto("notes").values(note(1)).execute();
        throw new Error("stop");
      });
      await expect(failed).rejects.toThrow("stop");
      const twice = store.transaction(async (tx) => {
        await tx.insertInto("notes").values(note(2)).execute();
        await tx.insertInto("notes").values(note(2)).execute();
      });
      await expect(twice).rejects.toThrow(/unique constraint/i);
      expect(await store.db.selectFrom("notes").selectAll().execute()).toEqual([]);
      await store.db.insertInto("notes").values(note(3)).execute();
      expect(await store.db.selectFrom("notes").select("id").execute()).toEqual([{ id: 3 }]);
    }),
  );

  test(
    "reads the committed state beside an open transaction",
    withStore(async (store) => {
      const written = Promise.withResolvers<void>();
      const seen = Promise.withResolvers<void>();
      const writing = store.transaction(async (tx) => {
        await tx.insertInto("notes").values(note(1)).execute();
        written.resolve();
        await seen.promise;
      });
      await written.promise;
      expect(await store.db.selectFrom("notes").selectAll().execute()).toEqual([]);
      seen.resolve();
      await writing;
      expect(await store.db.selectFrom("notes").select("id").execute()).toEqual([{ id: 1 }]);
    }),
  );

  test(
    "loses no update of 40 concurrent read-modify-writes through two stores",
    withStore(async (store, place, engines) => {
      await store.db
        .insertInto("notes")
        .values({ ...note(1), size: 0 })
        .execute();
      const other = await engines.open<NotesTables>(place, [notes]);
      const increment = ({ db, transaction }: Store<NotesTables>) =>
        transaction(async (tx) => {
          const query = tx.selectFrom("notes").select("size").where("id", "=", 1);
          const row = await (engine === "postgres" ? query.forUpdate() : query).executeTakeFirstOrThrow();
          await tx
            .updateTable("notes")
            .set({ size: row.size + 1 })
            .where("id", "=", 1)
            .execute();
          return db;
        });
      await Promise.all(Array.from({ length: 40 }, (_, index) => increment(index % 2 ? store : other)));
      expect((await store.db.selectFrom("notes").select("size").executeTakeFirstOrThrow()).size).toBe(40);
    }),
  );

  test(
    "runs a script of two statements never",
    withStore(async ({ db }) => {
      await sql
        .raw("insert into notes values (1, 'x', 1, 1); insert into notes values (2, 'x', 1, 1)")
        .execute(db)
        .catch(() => {});
      const rows = await db.selectFrom("notes").select("id").where("id", "=", 2).execute();
      expect(rows).toEqual([]);
    }),
  );

  test(
    "migrates once when several open it together, and keeps the rows",
    withStore(async (store, place, engines) => {
      await store.db.insertInto("notes").values(note(1, "kept")).execute();
      const opened = await Promise.all([1, 2, 3].map(() => engines.open<NotesTables>(place, [newerNotes])));
      const rows = await opened[0]?.db.selectFrom("notes").selectAll().execute();
      expect(rows).toEqual([{ ...note(1, "kept"), colour: null }]);
      const applied = await sql<{
        name: string;
      }>`select name from sophia_migrations where owner = 'test' order by name`.execute(store.db);
      expect(applied.rows.map((row) => row.name)).toEqual(["0001-notes", "0002-colour"]);
    }),
  );

  test(
    "refuses a database that is newer than the code",
    withStore(async (_store, place, engines) => {
      await engines.open(place, [newerNotes]);
      await expect(engines.open(place, [notes])).rejects.toMatchObject({ kind: "not_configured", message: /newer/ });
      await engines.open(place, []);
    }),
  );

  test(
    "leaves nothing of a migration that fails",
    withStore(async (_store, place, engines) => {
      const failing: MigrationSet = {
        owner: "other",
        migrations: {
          "0001-half": {
            async up(db) {
              await db.schema.createTable("half").addColumn("id", "text").execute();
              throw new Error("half-way");
            },
          },
        },
      };
      await expect(engines.open(place, [failing])).rejects.toThrow("half-way");
      const store = await engines.open<CoreTables>(place);
      const tables = await store.db.introspection.getTables();
      expect(tables.map((table) => table.name)).not.toContain("half");
    }),
  );

  test(
    "keeps alert events and writes each key once",
    withStore(async (store) => {
      const alerts = createAlertEvents({ store });
      const event = {
        at: 1_000,
        server: "infra",
        kind: "drift",
        severity: "warning" as const,
        title: "Drift",
        detail: "",
        key: "k1",
      };
      const first = await alerts.write(event);
      expect(await alerts.write({ ...event, title: "Again" })).toEqual({ id: first.id, existed: true });
      await alerts.write({ ...event, at: 2_000, key: "k2", server: "ai" });
      expect((await alerts.list({})).map((alert) => alert.key)).toEqual(["k2", "k1"]);
      expect(await alerts.list({ server: "infra", since: 1_000 })).toEqual([
        { ...event, version: 1, id: first.id, state: "open" },
      ]);
      await expect(alerts.write({ ...event, severity: "loud" as "info", key: "k3" })).rejects.toThrow();
    }),
  );
});
