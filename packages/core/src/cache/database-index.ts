import type { Clock } from "../limits/clock.ts";
import type { EntryIndex } from "./entry-index.ts";
import type { ShelfEntry } from "./entry-shelf.ts";
import { readSlots, type SlotText } from "./guard/slot-guard.ts";
import type { VectorRows } from "./vector-rows.ts";
import type { FoundRow } from "./vector-search.ts";

/** The database holds all vectors and searches them: nothing is kept here, and what others write is found at once. */
export function createDatabaseIndex({ vectors, clock }: { vectors: VectorRows; clock: Clock }): EntryIndex {
  return {
    place: "pgvector",
    async nearest({ partition, modelId, category, vector }, count) {
      const place = { partition, modelId, category, dimension: vector.length };
      const rows = await vectors.nearest({ ...place, vector, count, now: clock.now() });
      const near = rows.map((row) => ({ entry: toShelfEntry(row), similarity: Number(row.similarity) }));
      return { near, stale: near.length === 0 && (await vectors.holdsAny(place)) };
    },
    add: async () => {},
    written: (rows) => vectors.insert(rows),
    expire: () => {},
    close: () => vectors.settled(),
  };
}

function toShelfEntry(row: FoundRow): ShelfEntry {
  let slots: SlotText | undefined;
  return {
    id: row.id,
    category: row.category,
    text: row.text,
    answerGroup: row.answer_group,
    strength: Number(row.strength),
    tags: JSON.parse(row.tags) as [string, number][],
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    removed: false,
    checks: Number(row.checks),
    wrongChecks: Number(row.wrong_checks),
    slots: () => (slots ??= readSlots(row.text)),
  };
}
