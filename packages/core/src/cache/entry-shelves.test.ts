import { expect, test } from "vitest";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { toByteVector } from "./byte-matrix.ts";
import { type EntryRow, type EntryRows, toVectorColumns } from "./entry-rows.ts";
import { createEntryShelves } from "./entry-shelves.ts";

const dimension = 16;
const place = { partition: "p", modelId: "m", dimension };

function createRow(index: number, expiresAt: number): EntryRow {
  const vector = Float32Array.from({ length: dimension }, (_, at) => ((index >> at) & 1) - 0.4);
  const times = { created_at: 0, expires_at: expiresAt, last_used_at: 0, changed_at: 0, removed_at: null };
  const texts = { text: `question ${index}`, value: "v", answer_group: "g", tags: "[]" };
  const columns = { ...texts, ...toVectorColumns(toByteVector(vector)), strength: 1, bytes: 1 };
  return {
    id: `e${index}`,
    partition: "p",
    category: "c",
    model_id: "m",
    ...columns,
    ...times,
    checks: 2,
    wrong_checks: 1,
  };
}

function open(rows: readonly EntryRow[]) {
  const clock = createVirtualClock();
  let isRead = false;
  const source: Pick<EntryRows, "readChanged"> = {
    readChanged: async () => {
      const found = isRead ? [] : [...rows];
      isRead = true;
      return found;
    },
  };
  const options = { clock, refreshMs: 1_000, createGraph: undefined, maxLoaded: 100_000 };
  return { clock, shelves: createEntryShelves({ ...options, rows: source as EntryRows }) };
}

test("a partition in use forgets entries whose time is over, and finds the others as before", async () => {
  const start = createVirtualClock().now();
  const rows = Array.from({ length: 3_000 }, (_, index) => createRow(index, start + (index < 2_000 ? 30_000 : 1e9)));
  const { clock, shelves } = open(rows);
  const query = Float32Array.from({ length: dimension }, (_, at) => ((2_500 >> at) & 1) - 0.4);
  const before = (await shelves.open(place)).nearest(query, 5, ({ expiresAt }) => expiresAt > start + 60_000);
  await clock.advance(61_000);
  const shelf = await shelves.open(place);
  expect(shelf.size).toBe(1_000);
  const after = shelf.nearest(query, 5, () => true);
  expect(after.map(({ entry, similarity }) => [entry.id, similarity])).toEqual(
    before.map(({ entry, similarity }) => [entry.id, similarity]),
  );
  expect(shelf.get("e2500")).toMatchObject({ checks: 2, wrongChecks: 1, text: "question 2500" });
});

test("few that are over are not worth the work", async () => {
  const start = createVirtualClock().now();
  const rows = Array.from({ length: 900 }, (_, index) => createRow(index, start + 30_000));
  const { clock, shelves } = open(rows);
  await shelves.open(place);
  await clock.advance(61_000);
  expect((await shelves.open(place)).size).toBe(900);
});
