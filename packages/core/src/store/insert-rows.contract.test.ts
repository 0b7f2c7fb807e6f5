import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startEngine, type StoreEngine } from "../testing/store-engines.ts";
import type { CoreTables } from "./core-tables.ts";
import { createRowInserter } from "./insert-rows.ts";
import type { Engine, MigrationSet, Store } from "./store.ts";

interface Note {
  id: number;
  text: string | null;
  weight: number;
}
interface NotesTables extends CoreTables {
  notes: Note;
}

const notes: MigrationSet = {
  owner: "test",
  migrations: {
    "0001-notes": {
      up: (db) =>
        db.schema
          .createTable("notes")
          .addColumn("id", "bigint", (column) => column.primaryKey())
          .addColumn("text", "text")
          .addColumn("weight", "double precision", (column) => column.notNull())
          .execute(),
    },
  },
};
const columns = ["id", "text", "weight"] as const;

describe.each<Engine>(["sqlite", "postgres"])("rows by the hundred on %s", (engine) => {
  let stores: StoreEngine | undefined;
  let store: Store<NotesTables>;
  beforeAll(async () => {
    stores = await startEngine(engine);
  });
  const withStore =
    (work: () => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!stores, `no ${engine} on this machine`);
      if (!stores) return;
      store = await stores.open<NotesTables>(await stores.createPlace(), [notes]);
      await work();
    };
  afterEach(() => stores?.closeStores());
  afterAll(() => stores?.stop());
  const note = (id: number): Note => ({ id, text: id % 3 === 0 ? null : `note ${id}`, weight: id / 2 });

  test.for([0, 1, 3, 64, 85, 203])(
    "all of %i are written as they are",
    async (count, context) =>
      await withStore(async () => {
        const inserter = createRowInserter(store.db, "notes", { columns });
        const rows = Array.from({ length: count }, (_, index) => note(index + 1));
        await store.transaction((tx) => inserter.insert(tx, rows));
        expect(await store.db.selectFrom("notes").selectAll().orderBy("id").execute()).toEqual(rows);
      })(context),
  );

  test(
    "answers are in the order of the rows, and a conflict answers as it was built",
    withStore(async () => {
      const inserter = createRowInserter<NotesTables, "notes", Note, { id: number }>(store.db, "notes", {
        columns,
        build: (insert) => insert.onConflict((conflict) => conflict.column("id").doNothing()).returning("id"),
      });
      const ids = async (from: number, to: number) => {
        const rows = Array.from({ length: to - from }, (_, index) => note(from + index));
        return (await store.transaction((tx) => inserter.insert(tx, rows))).map(({ id }) => id);
      };
      expect(await ids(1, 71)).toEqual(Array.from({ length: 70 }, (_, index) => index + 1));
      expect(await ids(60, 75)).toEqual([71, 72, 73, 74]);
    }),
  );

  test(
    "one row that cannot be written takes the others of its transaction with it",
    withStore(async () => {
      const inserter = createRowInserter(store.db, "notes", { columns });
      const rows = [...Array.from({ length: 70 }, (_, index) => note(index + 1)), { ...note(71), text: "a\0b" }];
      await expect(store.transaction((tx) => inserter.insert(tx, rows))).rejects.toMatchObject({
        kind: "invalid_input",
      });
      expect(await store.db.selectFrom("notes").selectAll().execute()).toEqual([]);
    }),
  );

  test(
    "a query that was compiled once reads what is committed, and nothing else",
    withStore(async () => {
      const query = store.db.selectFrom("notes").select("id").where("id", "=", 0).compile();
      const read = async (id: number) => await store.read<{ id: number }>({ ...query, parameters: [id] });
      await store.transaction(async (tx) => {
        await tx.insertInto("notes").values(note(1)).execute();
        expect(await read(1)).toEqual([]);
      });
      expect(await read(1)).toEqual([{ id: 1 }]);
      await store.close();
      await expect(read(1)).rejects.toThrow();
    }),
  );
});
