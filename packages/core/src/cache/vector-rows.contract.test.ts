import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../store/store.ts";
import { silentLog, startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { toByteVector } from "./byte-matrix.ts";
import { createEntryRows, type EntryRow, toVectorColumns } from "./entry-rows.ts";
import { semanticMigrations, type SemanticTables } from "./semantic-tables.ts";
import { openVectorRows, type VectorRows } from "./vector-rows.ts";
import { buildGraphSettings, buildSearch } from "./vector-search.ts";
import { openVectorTable } from "./vector-table.ts";

const dimension = 32;
const hourMs = 3_600_000;
let engine: StoreEngine;
let store: Store<SemanticTables>;
let clock: VirtualClock;
let state = 1;

/** Points around a few centres, as questions lie around their subjects. */
function createVector(centre: number): Float32Array {
  const around = (seed: number) => ((Math.imul(seed + 1, 0x9e3779b1) >>> 8) & 0xffff) / 0xffff - 0.5;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const vector = Float32Array.from({ length: dimension }, (_, index) => around(centre * 64 + index) + 0.7 * noise());
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function createRow(id: string, changes: Partial<EntryRow> = {}, vector = createVector(0)): EntryRow {
  const now = clock.now();
  const times = { created_at: now, expires_at: now + hourMs, last_used_at: now, changed_at: now, removed_at: null };
  const texts = { text: id, value: "v", answer_group: "g", tags: "[]" };
  const place = { partition: "p", category: "c", model_id: "m" };
  const columns = toVectorColumns(toByteVector(vector));
  return {
    id,
    ...place,
    ...texts,
    ...columns,
    strength: 1,
    bytes: 1,
    ...times,
    checks: 0,
    wrong_checks: 0,
    ...changes,
  };
}

beforeAll(async () => {
  const started = await startEngine("pgvector");
  if (!started) throw new Error("no pgvector");
  engine = started;
}, 90_000);
afterAll(() => engine?.stop());
beforeEach(async () => {
  clock = createVirtualClock();
  state = 1;
  store = await engine.open<SemanticTables>(await engine.createPlace(), [semanticMigrations]);
});
afterEach(() => engine.closeStores());

async function open(exactLimit?: number): Promise<VectorRows> {
  const rows = await openVectorRows({ store, clock, log: silentLog, ...(exactLimit && { exactLimit }) });
  if (!rows) throw new Error("pgvector is not used");
  await rows.settled();
  return rows;
}

async function write(vectors: VectorRows, rows: EntryRow[]): Promise<void> {
  await createEntryRows(store).insert(rows);
  await vectors.insert(rows);
}

const at = (changes: object = {}) => ({ partition: "p", modelId: "m", category: "c", dimension, ...changes });

async function find(vectors: VectorRows, vector: Float32Array, changes: object = {}): Promise<string[]> {
  const found = await vectors.nearest({ ...at(changes), vector, count: 5, now: clock.now() });
  return found.map(({ id }) => id);
}

describe("vectors in PostgreSQL", () => {
  test("the nearest of its own place, best first, with the inner product", async () => {
    const vectors = await open();
    const asked = createVector(3);
    const others = { partition: "q", category: "d", model_id: "n" };
    await write(vectors, [
      createRow("same", {}, asked),
      createRow("far", {}, createVector(4)),
      ...Object.entries(others).map(([column, value]) => createRow(column, { [column]: value }, asked)),
      createRow("short", {}, Float32Array.of(1, 0)),
    ]);
    expect(await find(vectors, asked)).toEqual(["same", "far"]);
    expect(await find(vectors, asked, { partition: "q" })).toEqual(["partition"]);
    const [best] = await vectors.nearest({ ...at(), vector: asked, count: 1, now: clock.now() });
    expect(best?.similarity).toBeCloseTo(1, 2);
    expect(best).not.toHaveProperty("value");
    expect(await vectors.holdsAny(at({ partition: "x" }))).toBe(false);
  });

  test("what is removed, too old or rests on a changed tag takes nobody's place", async () => {
    const vectors = await open();
    const asked = createVector(1);
    const tags = (epoch: number) => JSON.stringify([["document:7", epoch]]);
    const now = clock.now();
    await write(vectors, [
      ...Array.from({ length: 40 }, (_, index) => createRow(`removed ${index}`, { removed_at: now }, asked)),
      ...Array.from({ length: 40 }, (_, index) => createRow(`old ${index}`, { expires_at: now }, asked)),
      ...Array.from({ length: 40 }, (_, index) => createRow(`changed ${index}`, { tags: tags(1) }, asked)),
      createRow("holds", { tags: tags(2) }, asked),
      createRow("never raised", { tags: JSON.stringify([["other", 0]]) }, asked),
    ]);
    await store.db.insertInto("semantic_tags").values({ tag: "document:7", epoch: 2, changed_at: 0 }).execute();
    expect((await find(vectors, asked)).toSorted()).toEqual(["holds", "never raised"]);
    expect(await vectors.holdsAny(at())).toBe(true);
    await createEntryRows(store).sweep({ before: now, maxEntries: 1e6, maxBytes: 1e9, now });
    const { rows } = await sql<{ size: number }>`select count(*) as size from semantic_vectors`.execute(store.db);
    expect(Number(rows[0]?.size)).toBe(42);
  });

  test("a large partition is searched by graph, which finds nearly what comparing all finds", async () => {
    const rows = Array.from({ length: 1_200 }, (_, index) => createRow(`e${index}`, {}, createVector(index % 40)));
    const elsewhere = rows.map((row) => ({ ...row, id: `other ${row.id}`, partition: "q" }));
    const exact = await open();
    await exact.nearest({ ...at(), vector: createVector(0), count: 1, now: 0 });
    await write(exact, [...rows, ...elsewhere]);
    const graph = await open(100);
    let same = 0;
    for (let asked = 0; asked < 40; asked += 1) {
      const vector = createVector(asked);
      const expected = new Set(await find(exact, vector));
      same += (await find(graph, vector)).filter((id) => expected.has(id)).length;
    }
    expect(same / 200).toBeGreaterThan(0.95);
    const search = { ...at(), vector: createVector(1), now: clock.now(), limit: 15, byGraph: true };
    const plan = await store.transaction(async (tx) => {
      await buildGraphSettings({ limit: 15, iterates: true }).execute(tx);
      return await sql`explain ${buildSearch(search)}`.execute(tx);
    });
    expect(JSON.stringify(plan.rows)).toContain(`semantic_vectors_near_${dimension}`);
  }, 60_000);

  test("entries from a time without pgvector are taken in", async () => {
    const rows = Array.from({ length: 250 }, (_, index) => createRow(`e${index}`));
    await createEntryRows(store).insert(rows);
    const vectors = await open();
    expect(await find(vectors, createVector(0))).toHaveLength(5);
    const { rows: counted } = await sql<{ size: number }>`select count(*) as size from semantic_vectors`.execute(
      store.db,
    );
    expect(Number(counted[0]?.size)).toBe(250);
  });

  test("several processes may start at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => open()));
  });
});

test("without the extension it says so once, with the next step", async () => {
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => void said.push(line) });
  const plain = { ...store, transaction: () => Promise.reject(new Error("type halfvec does not exist")) };
  expect(await openVectorTable({ store: plain, log })).toBeUndefined();
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("CREATE EXTENSION vector");
});
