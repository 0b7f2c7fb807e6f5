import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { semanticMigrations, type SemanticTables } from "./semantic-tables.ts";
import { createTagEpochs, longestLifeMs } from "./tag-epochs.ts";

const dayMs = 24 * 3_600_000;

describe.each(["sqlite", "postgres"] as const)("tags on %s", (name) => {
  let engine: StoreEngine | undefined;
  let store: Store<CoreTables & SemanticTables>;
  let clock: VirtualClock;

  beforeAll(async () => {
    engine = await startEngine(name);
  }, 90_000);
  afterAll(() => engine?.stop());
  beforeEach(async (context) => {
    if (!engine) return context.skip();
    store = await engine.open(await engine.createPlace(), [semanticMigrations]);
    clock = createVirtualClock();
  });
  afterEach(() => engine?.closeStores());

  const create = () => createTagEpochs({ store: store as unknown as Store<SemanticTables>, clock, refreshMs: 1_000 });

  test("each change puts out of reach what was noted before it, also within one moment and from two processes", async () => {
    const [one, other] = [create(), create()];
    const noted = [one.current(["a"])];
    for (const each of [one, other, one, one]) {
      await each.raise("a");
      noted.push(each.current(["a"]));
    }
    expect(noted.map((entry) => one.holds(entry))).toEqual([false, false, false, false, true]);
    expect(one.holds(one.current(["b"]))).toBe(true);
    await clock.advance(1_000);
    await other.refresh();
    expect(noted.map((entry) => other.holds(entry))).toEqual([false, false, false, false, true]);
  });

  test("what somebody writes who has seen more holds for who has not", async () => {
    const [one, other] = [create(), create()];
    await one.refresh();
    await other.raise("a");
    expect(one.holds(other.current(["a"]))).toBe(true);
  });

  test("who asks while changes are being read waits for them", async () => {
    const [one, other] = [create(), create()];
    await other.raise("a");
    const before = one.current(["a"]);
    const first = one.refresh();
    await one.refresh();
    expect(one.holds(before)).toBe(false);
    await first;
  });

  test("a change that is not written counts nowhere", async () => {
    const one = create();
    const noted = one.current(["a"]);
    await store.db.schema.alterTable("semantic_tags").renameTo("away").execute();
    await expect(one.raise("a")).rejects.toThrow();
    expect(one.holds(noted)).toBe(true);
  });

  test("while changes cannot be read, nobody is told that there are none", async () => {
    const one = create();
    await store.db.schema.alterTable("semantic_tags").renameTo("away").execute();
    await expect(one.refresh()).rejects.toThrow();
    await expect(one.refresh()).rejects.toThrow();
    await store.db.schema.alterTable("away").renameTo("semantic_tags").execute();
    await clock.advance(1_000);
    await one.refresh();
    await expect(one.refresh()).resolves.toBeUndefined();
  });

  test("is forgotten when nothing can be left that was written before it, and begins newer", async () => {
    const [one, other] = [create(), create()];
    await one.raise("old");
    await other.refresh();
    const noted = one.current(["old"]);
    await clock.advance(longestLifeMs);
    await one.raise("young");
    expect(await tags()).toEqual(["old", "young"]);
    await clock.advance(2 * dayMs);
    await one.raise("younger");
    expect(await tags()).toEqual(["young", "younger"]);
    expect(one.current(["old", "young"])).toEqual([
      ["old", 0],
      ["young", expect.any(Number)],
    ]);
    expect([one.holds(noted), other.holds(noted)]).toEqual([true, true]);
    await one.raise("old");
    expect(one.holds(noted)).toBe(false);
  });

  async function tags(): Promise<string[]> {
    const rows = await store.db.selectFrom("semantic_tags").select("tag").orderBy("tag").execute();
    return rows.map(({ tag }) => tag);
  }
});
