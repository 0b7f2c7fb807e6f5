import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";
import { startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { readShelved, type ResultShelf } from "./result-cap.ts";
import { createResultShelf } from "./result-shelf.ts";

interface Setting {
  clock: VirtualClock;
  store: Store<CoreTables>;
  shelf: ResultShelf;
  /** An answer of two pages with 20 kB each, one millisecond after the last. Gives the cursors. */
  put(caller: string): Promise<string[]>;
  held(): Promise<string[]>;
}

const room = { bytesPerCaller: 100_000, bytesInAll: 250_000 };

describe.each<Engine>(["sqlite", "postgres"])("result shelf on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  const withShelf =
    (work: (setting: Setting) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!engines, `no ${engine} on this machine`);
      if (!engines) return;
      const store = await engines.open(await engines.createPlace());
      const clock = createVirtualClock();
      const shelf = createResultShelf(store, clock, room);
      // Umlauts have two bytes: characters must not be counted for them.
      const body = JSON.stringify({ field: "rows", items: ["ü".repeat(10_000)] });
      await work({
        clock,
        store,
        shelf,
        async put(caller) {
          await clock.advance(1);
          const answer = crypto.randomUUID();
          const ids = [`${answer}.0`, `${answer}.1`];
          const page = { server: "ai", tool: "list_much", caller, body, expiresAt: clock.now() + 60_000 };
          await shelf.put(ids.map((id) => ({ id, ...page })));
          return ids;
        },
        async held() {
          const rows = await store.db.selectFrom("results").select("id").execute();
          return rows.map((row) => row.id);
        },
      });
    };

  test(
    "keeps the newest answers of a caller, and says of an older one that it is gone",
    withShelf(async ({ put, held, shelf }) => {
      const other = await put("b");
      const [first, second, third] = [await put("a"), await put("a"), await put("a")];
      expect((await held()).toSorted()).toEqual([...other, ...second, ...third].toSorted());
      const caller = { id: "a", name: "a", scopes: [] };
      await expect(readShelved(shelf, caller, third[1]!)).resolves.toMatchObject({ field: "rows" });
      await expect(readShelved(shelf, caller, first[0]!)).rejects.toMatchObject({
        kind: "not_found",
        hint: expect.stringContaining("Run the tool again"),
      });
    }),
  );

  test(
    "keeps the newest answers of all when many callers have a little each",
    withShelf(async ({ put, held }) => {
      const answers = [];
      for (let index = 0; index < 8; index += 1) answers.push(await put(`caller ${index}`));
      expect((await held()).toSorted()).toEqual(answers.slice(-5).flat().toSorted());
    }),
  );

  test(
    "drops what has expired with the next answer",
    withShelf(async ({ put, held, clock }) => {
      await put("a");
      await clock.advance(60_001);
      const fresh = await put("b");
      expect((await held()).toSorted()).toEqual(fresh.toSorted());
    }),
  );
});
